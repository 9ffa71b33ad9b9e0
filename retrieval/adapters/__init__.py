"""Interlingua inside other frameworks: each adapter is a package of its own, and imports its framework only itself."""
