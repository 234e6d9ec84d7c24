"""A small simulated world in the native layouts of four archives, with the truth beside it; docs/reference/demo.md says how it was calibrated."""

from curation.demo.write import DemoFault, DemoReport, write_demo

__all__ = ["DemoFault", "DemoReport", "write_demo"]
