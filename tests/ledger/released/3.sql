PRAGMA application_id = 1397576515;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
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
            error TEXT NOT NULL DEFAULT '', sent REAL, open INTEGER NOT NULL DEFAULT 0, settled INTEGER NOT NULL DEFAULT 0, parts INTEGER NOT NULL DEFAULT 1,
            PRIMARY KEY (run, number)
        ) WITHOUT ROWID
        ;
INSERT INTO "batch" VALUES(1,1,'accepted',NULL,'13800138000,13800138001',2,1.79562900829266524314e+09,0,'2026112601500863584022381',2,0,0,'提交成功','',1.79562900828603696818e+09,0,0,1);
INSERT INTO "batch" VALUES(2,1,'unreachable','王，明天停水','13800138000',1,1.79562900897152566913e+09,NULL,'',0,0,0,'','127.0.0.1:18990 cannot be reached: nothing listens there (connection refused). Nothing was sent.',1.79562900895570302008e+09,1,0,1);
INSERT INTO "batch" VALUES(2,2,'unreachable','李，明天停水','13800138002',1,1.79562900897155737879e+09,NULL,'',0,0,0,'','127.0.0.1:18990 cannot be reached: nothing listens there (connection refused). Nothing was sent.',1.79562900896121597289e+09,1,0,1);
INSERT INTO "batch" VALUES(2,3,'unreachable','赵，明天停水','13800138003',1,1795629008.97028,NULL,'',0,0,0,'','127.0.0.1:18990 cannot be reached: nothing listens there (connection refused). Nothing was sent.',1.79562900896127057071e+09,1,0,1);
INSERT INTO "batch" VALUES(3,1,'sending',NULL,'13800138004',1,1.79562900994577908514e+09,NULL,'',0,0,0,'','',1.79562900994577908514e+09,0,0,1);
CREATE TABLE optout (
            account TEXT NOT NULL,
            mobile TEXT NOT NULL,
            since REAL NOT NULL,
            reason TEXT NOT NULL, ended REAL,          -- what the person wrote, or who entered it
            PRIMARY KEY (account, mobile)
        ) WITHOUT ROWID
        ;
INSERT INTO "optout" VALUES('demo','13800138003',1.79562901174883317954e+09,'entered by hand',NULL);
CREATE TABLE quarantine (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            received REAL NOT NULL,
            peer TEXT NOT NULL,
            reason TEXT NOT NULL,
            raw BLOB NOT NULL
        );
CREATE TABLE reply (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            mobile TEXT NOT NULL,
            content TEXT NOT NULL,
            time TEXT NOT NULL,
            extension TEXT NOT NULL,       -- whole, the system's part first
            received REAL NOT NULL,
            profile TEXT NOT NULL,
            UNIQUE (mobile, time, content, extension, profile)
        );
CREATE TABLE report (
            sendid TEXT NOT NULL,
            mobile TEXT NOT NULL,
            state TEXT NOT NULL,
            time TEXT NOT NULL,            -- China time, as the gateway wrote it
            received REAL NOT NULL,        -- seconds since 1970
            profile TEXT NOT NULL, at REAL,         -- that it came to
            PRIMARY KEY (sendid, mobile, state, time)
        ) WITHOUT ROWID
        ;
INSERT INTO "report" VALUES('2026112601500863584022381','13800138000','DELIVRD','2026-11-25 12:00:00',1.79562901212238264087e+09,'environment',1795579200.0);
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
        , due REAL, include_opted_out INTEGER NOT NULL DEFAULT 0, cancelled REAL);
INSERT INTO "run" VALUES(1,'order-1',1.79562900827531051633e+09,'wang@shop','environment','demo','您的订单已发货','','','','--mobile','fde7ea0df06bcabce379a950f73cd79727788ce13b90e65ac3e924385368ee0e',2,0,0,NULL,0,NULL);
INSERT INTO "run" VALUES(2,'water',1.79562900893641209606e+09,'wang@shop','environment','demo','{name}，明天停水','','','','/home/wang/list.csv','ff8ac055854b56a4e6438ae0da8e8bdb704ccef9ecd68beab8cf4c5fbd3d525a',3,0,0,NULL,0,NULL);
INSERT INTO "run" VALUES(3,'killed',1.79562900993539905549e+09,'wang@shop','environment','demo','维护通知','','','','--mobile','973081ceac9cf74a961a31d787234de43f8b7f395bcc108266a31263d378071e',1,0,0,NULL,0,NULL);
CREATE TABLE seen (                -- signed pushes, so that none is repeated with other content
            nonce TEXT PRIMARY KEY,        -- random and timestamp
            content TEXT NOT NULL,         -- a digest
            expires REAL NOT NULL          -- from then on its timestamp is refused anyway
        ) WITHOUT ROWID
        ;
CREATE TABLE tally (               -- numbers by what counts of their reports, kept as these come
            sendid TEXT NOT NULL,
            state TEXT NOT NULL,
            numbers INTEGER NOT NULL,
            PRIMARY KEY (sendid, state)
        ) WITHOUT ROWID
        ;
INSERT INTO "tally" VALUES('2026112601500863584022381','DELIVRD',1);
CREATE INDEX batch_state ON batch (run, state);
CREATE INDEX batch_sendid ON batch (sendid) WHERE sendid != '';
CREATE INDEX batch_unsettled ON batch (sent) WHERE state IN ('sending', 'unknown');
CREATE INDEX report_mobile ON report (mobile);
CREATE INDEX batch_open ON batch (run, number) WHERE open = 1;
CREATE INDEX batch_sent ON batch (sent) WHERE sent IS NOT NULL;
CREATE INDEX batch_settled ON batch (sendid) WHERE settled = 1;
CREATE INDEX run_due ON run (due) WHERE due IS NOT NULL;
CREATE INDEX run_digest ON run (digest, account);
CREATE INDEX seen_expires ON seen (expires);
COMMIT;
