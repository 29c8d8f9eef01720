"""The local server: the only part that knows HTTP.

`runner.serve` runs it; `app` holds the routes; `backend` is what the routes need of whoever does the work.
"""
