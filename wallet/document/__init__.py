"""How a licence looks: its face laid out and written as an OFD page."""
