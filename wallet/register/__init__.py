"""What the city holds: licences by holder, their states, history and reminders."""
