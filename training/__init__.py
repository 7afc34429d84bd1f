"""The learning loop: transcripts and feedback become a better local model.

`python -m training prepare|sft|preference|evaluate|export|promote|run CONFIG.yaml`

Stages work over files in one run folder; nothing here is imported by the application.
"""
