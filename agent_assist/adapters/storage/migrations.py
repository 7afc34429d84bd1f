"""The tables of a workspace, step by step.

Each step says why it exists and is never changed once released: add a new one instead.  A step and
the record that it ran are one transaction.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("workspace")


@migrations(name="0001_tickets")
def _tickets(db: Database) -> None:
    """The queue, its threads, and the words that find them.

    Messages are rows of their own: a thread of 10,000 must not be rewritten when one is added.  What
    a row of the queue shows (excerpt, count, who wrote last) stands in the ticket, so that the queue
    never reads a message.  `local` marks what was written here and a later import must not drop.
    The word index holds no text of its own: its row is the ticket's, shifted left by 24 bits, plus
    the message's position from 1, or 0 for the ticket's own words.
    """
    db.execute(
        """CREATE TABLE tickets (
            row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL DEFAULT '',
            subject TEXT NOT NULL, channel TEXT NOT NULL, language TEXT, status TEXT NOT NULL,
            customer_id TEXT NOT NULL, customer_name TEXT NOT NULL, customer_email TEXT NOT NULL,
            fields TEXT NOT NULL, tags TEXT NOT NULL, unread INTEGER NOT NULL DEFAULT 1, updated_at TEXT,
            excerpt TEXT NOT NULL DEFAULT '', message_count INTEGER NOT NULL DEFAULT 0,
            waiting INTEGER NOT NULL DEFAULT 0)"""
    )
    db.execute(
        """CREATE TABLE messages (
            ticket_id TEXT NOT NULL REFERENCES tickets(id) ON DELETE CASCADE, position INTEGER NOT NULL,
            id TEXT NOT NULL, role TEXT NOT NULL, text TEXT NOT NULL, created_at TEXT,
            local INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (ticket_id, position))"""
    )
    db.execute("CREATE INDEX messages_by_id ON messages (ticket_id, id)")
    db.execute("CREATE INDEX tickets_by_status ON tickets (status, updated_at)")
    db.execute(
        """CREATE VIRTUAL TABLE tickets_fts USING fts5 (
            text, content='', contentless_delete=1,
            tokenize='unicode61 remove_diacritics 2')"""
    )


@migrations(name="0002_knowledge")
def _knowledge(db: Database) -> None:
    """Articles, their passages, one vector for each passage and encoder, and a BM25 index.

    Vectors live here and not only in the FAISS file: the file is a cache, readable by nobody and
    rebuilt at will, the database is the encrypted truth.
    """
    db.execute(
        """CREATE TABLE articles (
            id TEXT PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL, collection TEXT NOT NULL,
            url TEXT NOT NULL, language TEXT, updated_at TEXT, content_hash TEXT NOT NULL)"""
    )
    db.execute("CREATE INDEX articles_by_collection ON articles (collection)")
    db.execute(
        """CREATE TABLE passages (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            article_id TEXT NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
            position INTEGER NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL)"""
    )
    db.execute("CREATE INDEX passages_by_article ON passages (article_id, position)")
    db.execute(
        """CREATE TABLE vectors (
            passage_id INTEGER NOT NULL REFERENCES passages(id) ON DELETE CASCADE, encoder TEXT NOT NULL,
            vector BLOB NOT NULL, PRIMARY KEY (encoder, passage_id)) WITHOUT ROWID"""
    )
    db.execute("CREATE INDEX vectors_by_passage ON vectors (passage_id)")
    db.execute(
        """CREATE VIRTUAL TABLE passages_fts USING fts5 (
            title, heading, text, tokenize='porter unicode61 remove_diacritics 2')"""
    )


@migrations(name="0003_suggestions")
def _suggestions(db: Database) -> None:
    """Every suggestion, whole as JSON with the columns that are searched beside it, and its outcome."""
    db.execute(
        """CREATE TABLE suggestions (
            id TEXT PRIMARY KEY, ticket_id TEXT NOT NULL, created_at TEXT NOT NULL, decision TEXT NOT NULL,
            model_sha256 TEXT NOT NULL, prompt_version TEXT NOT NULL, record TEXT NOT NULL)"""
    )
    db.execute("CREATE INDEX suggestions_by_time ON suggestions (created_at)")
    db.execute("CREATE INDEX suggestions_by_ticket ON suggestions (ticket_id)")
    db.execute(
        """CREATE TABLE outcomes (
            suggestion_id TEXT PRIMARY KEY REFERENCES suggestions(id) ON DELETE CASCADE, kind TEXT NOT NULL,
            created_at TEXT NOT NULL, team TEXT NOT NULL DEFAULT '', record TEXT NOT NULL)"""
    )


@migrations(name="0004_outbox")
def _outbox(db: Database) -> None:
    """Replies, written before the network is touched."""
    db.execute(
        """CREATE TABLE outbox (
            id TEXT PRIMARY KEY, ticket_id TEXT NOT NULL, text TEXT NOT NULL, thread_hash TEXT NOT NULL,
            suggestion_id TEXT NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL DEFAULT '',
            created_at TEXT NOT NULL, due_at TEXT NOT NULL)"""
    )
    db.execute("CREATE INDEX outbox_by_state ON outbox (state, created_at)")


@migrations(name="0005_models")
def _models(db: Database) -> None:
    """The model registry, and the order in which models were active, for rollback."""
    db.execute("CREATE TABLE models (name TEXT PRIMARY KEY, record TEXT NOT NULL)")
    db.execute(
        """CREATE TABLE activations (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, activated_at TEXT NOT NULL)"""
    )


@migrations(name="0006_article_context")
def _article_context(db: Database) -> None:
    """What an article is about ("entity", "product"), as its source's own columns say: kept apart from
    the body, so that a rebuild can put it in front of every passage again."""
    db.execute("ALTER TABLE articles ADD COLUMN context TEXT NOT NULL DEFAULT '{}'")


@migrations(name="0007_unsent")
def _unsent(db: Database) -> None:
    """What was typed and not sent.  No reference to the ticket: the words stay where it goes and returns."""
    db.execute(
        """CREATE TABLE unsent (
            ticket_id TEXT PRIMARY KEY, text TEXT NOT NULL, steer TEXT NOT NULL DEFAULT '',
            suggestion_id TEXT NOT NULL DEFAULT '')"""
    )


@migrations(name="0008_connections")
def _connections(db: Database) -> None:
    """Helpdesks, where each look for changes goes on, and what their messages have beside their text.

    `revision` grows with every change of a connection, so that another process which has it open takes
    the new values.  A secret is in the system's keyring (`sealed` is NULL: the row says that there is one)
    or, where there is none, here under a key of its own.  A ticket's `connection` is empty where it came
    from a file.
    """
    db.execute(
        """CREATE TABLE connections (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, "values" TEXT NOT NULL,
            enabled INTEGER NOT NULL DEFAULT 1, cursor TEXT NOT NULL DEFAULT '',
            revision INTEGER NOT NULL DEFAULT 1)"""
    )
    db.execute(
        """CREATE TABLE connection_secrets (
            connection_id TEXT NOT NULL, name TEXT NOT NULL, sealed BLOB,
            PRIMARY KEY (connection_id, name))"""
    )
    for column in ("author", "folded", "attachments"):
        db.execute(f"ALTER TABLE messages ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE tickets ADD COLUMN connection TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE INDEX tickets_by_connection ON tickets (connection)")


@migrations(name="0009_outbox_notes")
def _outbox_notes(db: Database) -> None:
    """Internal notes go the same way as replies.

    `seen` are the ids of the public messages that the agent had before them: what else stands in the
    thread when the reply is about to leave is new to them.  `message_id` is what the item became there.
    """
    db.execute("ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'reply'")
    db.execute("ALTER TABLE outbox ADD COLUMN seen TEXT")
    db.execute("ALTER TABLE outbox ADD COLUMN message_id TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE INDEX outbox_by_ticket ON outbox (ticket_id)")


@migrations(name="0012_audit")
def _audit(db: Database) -> None:
    """Who did what when.  The triggers stop accidents, not people: those the chain of MACs shows."""
    db.execute(
        """CREATE TABLE audit (
            number INTEGER PRIMARY KEY, at TEXT NOT NULL, agent TEXT NOT NULL, action TEXT NOT NULL,
            details TEXT NOT NULL, mac TEXT NOT NULL)"""
    )
    db.execute("CREATE INDEX audit_by_action ON audit (action, number)")
    for change in ("UPDATE", "DELETE"):
        db.execute(
            f"""CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"""
        )


@migrations(name="0013_erasure")
def _erasure(db: Database) -> None:
    """Who was erased, as digests that only this workspace can make, so that neither an import nor an export
    brings them back into training data; and the receipts, which hold no personal data."""
    db.execute("CREATE TABLE tombstones (digest TEXT PRIMARY KEY, erased_at TEXT NOT NULL) WITHOUT ROWID")
    db.execute("CREATE TABLE erasures (id TEXT PRIMARY KEY, at TEXT NOT NULL, receipt TEXT NOT NULL)")


@migrations(name="0020_intents")
def _intents(db: Database) -> None:
    """The classifier of intents: names and measures as JSON, weights as numbers, and the hash of both."""
    db.execute(
        """CREATE TABLE intent_model (
            id INTEGER PRIMARY KEY CHECK (id = 1), head TEXT NOT NULL, weights BLOB NOT NULL,
            sha256 TEXT NOT NULL)"""
    )


@migrations(name="0021_canary")
def _canary(db: Database) -> None:
    """The one challenger that writes for a share of the tickets."""
    db.execute(
        """CREATE TABLE canary (
            id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, share REAL NOT NULL,
            started_at TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0)"""
    )


@migrations(name="0014_remembered")
def _remembered(db: Database) -> None:
    """Agents' edits as rules.

    No reference to the suggestion: a rule, being redacted, outlives the feedback's retention; the person's
    erasure removes it by its ticket.
    """
    db.execute(
        """CREATE TABLE remembered (
            id TEXT PRIMARY KEY, ticket_id TEXT NOT NULL, state TEXT NOT NULL, created_at TEXT NOT NULL,
            record TEXT NOT NULL)"""
    )
    db.execute("CREATE INDEX remembered_by_ticket ON remembered (ticket_id)")


@migrations(name="0022_held_sentences")
def _held_sentences(db: Database) -> None:
    """Sentences of articles that look planted, until a lead approves them.

    No reference to the article: it is replaced with each import, and an approval outlives that, since it
    names the article and the words.  `article_rules` says which version of the rules has seen all articles.
    """
    db.execute(
        """CREATE TABLE held_sentences (
            id TEXT PRIMARY KEY, article_id TEXT NOT NULL, text TEXT NOT NULL, reason TEXT NOT NULL,
            approved_by TEXT NOT NULL DEFAULT '', approved_at TEXT NOT NULL DEFAULT '')"""
    )
    db.execute("CREATE INDEX held_sentences_by_article ON held_sentences (article_id)")
    db.execute("CREATE TABLE article_rules (id INTEGER PRIMARY KEY CHECK (id = 1), version TEXT NOT NULL)")
