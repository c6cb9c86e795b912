"""`python -m mixdesk`: the same as the command `mixdesk`, where another one of that name comes first on the path."""

import sys

from ._main import main

sys.exit(main())
