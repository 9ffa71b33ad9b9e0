"""The routes by topic. A route gets a `View` and never an index; each names the scope that it needs."""
