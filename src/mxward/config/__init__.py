"""The operator's word: mxward.toml, read, checked, and told what is wrong with it.

`load(path)` returns a frozen Config or raises ConfigError with every mistake at once. Supported:
TOML 1.0, one file. Not supported: includes, environment variables, reading again while running.
"""

from mxward.config.document import Config
from mxward.config.endpoints import Endpoint
from mxward.config.loading import load
from mxward.config.problems import ConfigError, Problem, Severity
from mxward.config.sections import InventorySettings
from mxward.config.sections_intercept import InterceptSettings
from mxward.config.sections_limits import LimitSettings
from mxward.config.sections_server import CertificateSettings, TlsSettings
from mxward.config.words import Answered, Fail, Layout, LogFormat, Method, TlsVersion

__all__ = [
    "Answered",
    "CertificateSettings",
    "Config",
    "ConfigError",
    "Endpoint",
    "Fail",
    "InterceptSettings",
    "InventorySettings",
    "Layout",
    "LimitSettings",
    "LogFormat",
    "Method",
    "Problem",
    "Severity",
    "TlsSettings",
    "TlsVersion",
    "load",
]
