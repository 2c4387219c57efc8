"""Electronic licences (电子证照): issue them, keep them, show them, verify them."""
