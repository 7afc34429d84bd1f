"""The parts of the main window.  They take domain values and emit signals; no service is called here."""
