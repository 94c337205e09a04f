"""The ledger's tables: one tuple of statements a version, each run once; never edit one that was released."""

KEY_LIMIT = 500  # characters of a run's key; an index of a server does not hold any length

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE run (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT UNIQUE,
            created REAL NOT NULL,         -- seconds since 1970
            asker TEXT NOT NULL,           -- user@host
            profile TEXT NOT NULL,
            account TEXT NOT NULL,
            content TEXT NOT NULL,         -- as it was given, placeholders and all
            sign TEXT NOT NULL,
            extno TEXT NOT NULL,
            stime TEXT NOT NULL,           -- China time, empty for now
            source TEXT NOT NULL,          -- where the list came from
            digest TEXT NOT NULL,          -- of texts and numbers
            numbers INTEGER NOT NULL,
            duplicates INTEGER NOT NULL,
            invalid INTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE batch (
            run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            state TEXT NOT NULL,
            content TEXT,                  -- null where it is the run's
            mobiles TEXT NOT NULL,         -- joined by commas
            numbers INTEGER NOT NULL,
            changed REAL,                  -- seconds since 1970
            code INTEGER,
            sendid TEXT NOT NULL DEFAULT '',
            accepted INTEGER NOT NULL DEFAULT 0,
            invalid INTEGER NOT NULL DEFAULT 0,
            blacklisted INTEGER NOT NULL DEFAULT 0,
            message TEXT NOT NULL DEFAULT '',
            error TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (run, number)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX batch_state ON batch (run, state)",
        "CREATE INDEX batch_changed ON batch (changed) WHERE state IN ('sending', 'accepted', 'unknown')",
    ),
    (
        "ALTER TABLE batch ADD COLUMN sent REAL",  # when its request left, seconds since 1970
        "UPDATE batch SET sent = changed WHERE changed IS NOT NULL",
        "CREATE INDEX batch_sendid ON batch (sendid) WHERE sendid != ''",
        "CREATE INDEX batch_unsettled ON batch (sent) WHERE state IN ('sending', 'unknown')",
        """
        CREATE TABLE report (
            sendid TEXT NOT NULL,
            mobile TEXT NOT NULL,
            state TEXT NOT NULL,
            time TEXT NOT NULL,            -- China time, as the gateway wrote it
            received REAL NOT NULL,        -- seconds since 1970
            profile TEXT NOT NULL,         -- that it came to
            PRIMARY KEY (sendid, mobile, state, time)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX report_mobile ON report (mobile)",
        """
        CREATE TABLE tally (               -- numbers by what counts of their reports, kept as these come
            sendid TEXT NOT NULL,
            state TEXT NOT NULL,
            numbers INTEGER NOT NULL,
            PRIMARY KEY (sendid, state)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE reply (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            mobile TEXT NOT NULL,
            content TEXT NOT NULL,
            time TEXT NOT NULL,
            extension TEXT NOT NULL,       -- whole, the system's part first
            received REAL NOT NULL,
            profile TEXT NOT NULL,
            UNIQUE (mobile, time, content, extension, profile)
        )
        """,
        """
        CREATE TABLE quarantine (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            received REAL NOT NULL,
            peer TEXT NOT NULL,
            reason TEXT NOT NULL,
            raw BLOB NOT NULL
        )
        """,
        """
        CREATE TABLE optout (
            account TEXT NOT NULL,
            mobile TEXT NOT NULL,
            since REAL NOT NULL,
            reason TEXT NOT NULL,          -- what the person wrote, or who entered it
            PRIMARY KEY (account, mobile)
        ) WITHOUT ROWID
        """,
    ),
    (
        # Whether it may still go out: decided in states.py when its state changes.
        "ALTER TABLE batch ADD COLUMN open INTEGER NOT NULL DEFAULT 0",
        """
        UPDATE batch SET open = 1 WHERE state IN ('planned', 'unreachable')
            OR state = 'refused' AND (code IN (10, 11, 12, 13, 14) OR code = 2 AND message NOT LIKE '%敏感%')
        """,
        "CREATE INDEX batch_open ON batch (run, number) WHERE open = 1",
        "DROP INDEX batch_changed",
        "CREATE INDEX batch_sent ON batch (sent) WHERE sent IS NOT NULL",
        # Settled by reports: only the numbers that have one count as accepted.
        "ALTER TABLE batch ADD COLUMN settled INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX batch_settled ON batch (sendid) WHERE settled = 1",
        # How many parts its text is billed as: each is reported on its own.
        "ALTER TABLE batch ADD COLUMN parts INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE run ADD COLUMN due REAL",  # when the gateway is to send it, seconds since 1970; null for now
        "UPDATE run SET due = strftime('%s', stime) - 28800.0 WHERE stime != ''",
        "CREATE INDEX run_due ON run (due) WHERE due IS NOT NULL",
        "CREATE INDEX run_digest ON run (digest, account)",
        "ALTER TABLE run ADD COLUMN include_opted_out INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE run ADD COLUMN cancelled REAL",  # seconds since 1970
        # When it happened by the gateway's clock, by ours where that cannot be read; seconds since 1970.
        "ALTER TABLE report ADD COLUMN at REAL",
        "UPDATE report SET at = coalesce(strftime('%s', time) - 28800.0, received)",
        "ALTER TABLE optout ADD COLUMN ended REAL",  # when the person came back; null while they want no messages
        """
        CREATE TABLE seen (                -- signed pushes, so that none is repeated with other content
            nonce TEXT PRIMARY KEY,        -- random and timestamp
            content TEXT NOT NULL,         -- a digest
            expires REAL NOT NULL          -- from then on its timestamp is refused anyway
        ) WITHOUT ROWID
        """,
        "CREATE INDEX seen_expires ON seen (expires)",
    ),
    (
        # The rules of a run, which hold for all that send it: at most so many requests a second and refused batches
        # (0: no limit); so many were refused, and so many in a row got no proper answer; why the run stopped.
        "ALTER TABLE run ADD COLUMN rate REAL NOT NULL DEFAULT 0",
        "ALTER TABLE run ADD COLUMN max_refused INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE run ADD COLUMN refused INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE run ADD COLUMN unknowns INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE run ADD COLUMN stopped TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE run ADD COLUMN turn REAL NOT NULL DEFAULT 0",  # when the next request may leave, with a rate
        "ALTER TABLE run ADD COLUMN server TEXT NOT NULL DEFAULT ''",  # which database cluster it was last sent from
        # Who claimed it last: its answer is written only under this name.
        "ALTER TABLE batch ADD COLUMN token TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE run ADD COLUMN template TEXT NOT NULL DEFAULT ''",  # the name of the approved text
        # Whether the counters have it; what older versions wrote is counted before it is needed.
        "ALTER TABLE batch ADD COLUMN counted INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX batch_uncounted ON batch (run, number) WHERE counted = 0",
        """
        CREATE TABLE counter (             -- sums over batches and what counts of their reports, kept as these change
            run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
            quarter INTEGER NOT NULL,      -- of an hour, in which the messages go out: seconds since 1970 / 900
            operator TEXT NOT NULL,        -- by number range
            state TEXT NOT NULL,           -- of the reports; empty for what the gateway answered
            accepted INTEGER NOT NULL,     -- numbers, as all but parts
            parts INTEGER NOT NULL,        -- that are billed
            unaccounted INTEGER NOT NULL,
            reported INTEGER NOT NULL,
            PRIMARY KEY (run, quarter, operator, state)
        ) WITHOUT ROWID
        """,
        "ALTER TABLE run ADD COLUMN resends INTEGER",  # the run whose people it is sent to again
        "CREATE INDEX run_resends ON run (resends) WHERE resends IS NOT NULL",
        "ALTER TABLE reply ADD COLUMN shown REAL",  # when `inbox --unread` showed it; null while it is unread
    ),
)
