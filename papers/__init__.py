"""Papers: any document of the government, drawn. Knows faces and fonts, not what a paper means."""
