"""Python's cyclic garbage collector, kept from holding up the window.

A full collection looks at every object while all threads wait: 110 to 130 ms for the 150,000 objects of the
libraries and the window, two or three times while a helpdesk synchronises.  Those objects live as long as the
window does, so they are set aside once it stands (`gc.freeze`), and a collection then looks only at what came
after.
"""

from __future__ import annotations

import gc


def pause() -> None:
    """Collect nothing while a desk opens: nearly all that is made then stays."""
    gc.disable()


def resume() -> None:
    """Set aside what there is, and collect again from here on.

    A desk that is left for another stays set aside: its window is kept until the process ends anyway.
    """
    gc.freeze()
    gc.enable()
