"""Who looked, and the proof of it: access log, signed days, exports, the public log."""
