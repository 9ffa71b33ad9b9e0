"""Documents from a SQL database, through SQLAlchemy.

`SqlConnector` is what other code uses. `database` connects and says what a failure means, `pages` has the statements,
`rows` makes a document of a row, `marks` is how far a database was read.
"""

from .connector import SqlConnector

__all__ = ["SqlConnector"]
