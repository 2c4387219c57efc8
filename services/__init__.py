"""政务服务: what citizens ask for.

Guides say what a case needs; cases are the applications themselves.
"""
