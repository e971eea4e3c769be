"""The errors a user can cause. Each message is one line: what, which value, what is allowed, how to fix."""


class CdpError(Exception):
    """Something a user can mend; the command line prints its message alone, without a traceback."""


class ConfigurationError(CdpError):
    """A setting, a YAML definition or a command's option is wrong or missing."""


class SourceError(CdpError):
    """A source file cannot be loaded as declared."""


class WarehouseError(CdpError):
    """The warehouse refused a statement or cannot be reached."""


class WarehouseLockedError(WarehouseError):
    """Another process holds the warehouse and did not let go of it in time."""


class WarehouseUnavailableError(WarehouseError):
    """The warehouse cannot be reached for now; the same statement may go through in a while."""


class DataError(CdpError):
    """The data itself breaks what a stage needs: a duplicated key, an empty input, a missing column."""


class DestinationError(CdpError):
    """A destination refused a whole request, or cannot be reached."""
