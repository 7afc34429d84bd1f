"""Mail providers that want a sign-in in the browser: their servers, and what is asked of them.

Addresses and scopes: the providers' own documentation of OAuth 2 for IMAP and SMTP.  Both want a program
registered, which only its company can do: the client id is the person's to enter.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent_assist.domain.oauth import OAuthServer, SignIn

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Provider:
    """`imap` is reached with TLS on port 993, `smtp` with STARTTLS on port 587."""

    name: str
    imap: str
    smtp: str


PROVIDERS = {
    p.name: p
    for p in (
        Provider("google", "imap.gmail.com", "smtp.gmail.com"),
        Provider("microsoft", "outlook.office365.com", "smtp.office365.com"),
    )
}
SIGN_IN = SignIn(
    (
        OAuthServer(
            "google",
            "Google",
            "https://accounts.google.com/o/oauth2/v2/auth",
            "https://oauth2.googleapis.com/token",
            ("https://mail.google.com/",),
            {"access_type": "offline", "prompt": "consent"},  # else there is nothing to renew with
        ),
        OAuthServer(
            "microsoft",
            "Microsoft",
            "https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize",
            "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
            (
                "https://outlook.office.com/IMAP.AccessAsUser.All",
                "https://outlook.office.com/SMTP.Send",
                "offline_access",
            ),
            {"prompt": "select_account"},
            host="localhost",  # Microsoft lets the port differ under this name only
        ),
    ),
    chosen_by="provider",
)
