"""Who may see and do what: API keys, and the index as one of them sees it."""
