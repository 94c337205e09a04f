PRAGMA application_id = 1397576515;
PRAGMA user_version = 2;
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
        error TEXT NOT NULL DEFAULT '', sent REAL,
        PRIMARY KEY (run, number)
    ) WITHOUT ROWID;
INSERT INTO "batch" VALUES(1,1,'accepted',NULL,'13800138000,13800138001',2,1.79562900195140337945e+09,0,'2026112601500132087000691',2,0,0,'提交成功','',1.79562900194168877598e+09);
INSERT INTO "batch" VALUES(2,1,'unreachable','王，明天停水','13800138000',1,1.79562900272365784642e+09,NULL,'',0,0,0,'','127.0.0.1:18990 cannot be reached: nothing listens there (connection refused). Nothing was sent.',1.79562900269066977503e+09);
INSERT INTO "batch" VALUES(2,2,'unreachable','李，明天停水','13800138002',1,1.79562900272563743587e+09,NULL,'',0,0,0,'','127.0.0.1:18990 cannot be reached: nothing listens there (connection refused). Nothing was sent.',1.79562900272338795662e+09);
INSERT INTO "batch" VALUES(2,3,'unreachable','赵，明天停水','13800138003',1,1.79562900272684669491e+09,NULL,'',0,0,0,'','127.0.0.1:18990 cannot be reached: nothing listens there (connection refused). Nothing was sent.',1.79562900272363018994e+09);
INSERT INTO "batch" VALUES(3,1,'sending',NULL,'13800138004',1,1.7956290037287969589e+09,NULL,'',0,0,0,'','',1.7956290037287969589e+09);
CREATE TABLE optout (
        account TEXT NOT NULL,
        mobile TEXT NOT NULL,
        since REAL NOT NULL,
        reason TEXT NOT NULL,          -- what the person wrote, or who entered it
        PRIMARY KEY (account, mobile)
    ) WITHOUT ROWID;
INSERT INTO "optout" VALUES('demo','13800138003',1.79562900542653703685e+09,'entered by hand');
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
        profile TEXT NOT NULL,         -- that it came to
        PRIMARY KEY (sendid, mobile, state, time)
    ) WITHOUT ROWID;
INSERT INTO "report" VALUES('2026112601500132087000691','13800138000','DELIVRD','2026-11-25 12:00:00',1.79562900578474044801e+09,'environment');
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
    );
INSERT INTO "run" VALUES(1,'order-1',1.7956290019358642101e+09,'wang@shop','environment','demo','您的订单已发货','','','','--mobile','fde7ea0df06bcabce379a950f73cd79727788ce13b90e65ac3e924385368ee0e',2,0,0);
INSERT INTO "run" VALUES(2,'water',1.79562900267418146128e+09,'wang@shop','environment','demo','{name}，明天停水','','','','/home/wang/list.csv','ff8ac055854b56a4e6438ae0da8e8bdb704ccef9ecd68beab8cf4c5fbd3d525a',3,0,0);
INSERT INTO "run" VALUES(3,'killed',1.79562900371838045114e+09,'wang@shop','environment','demo','维护通知','','','','--mobile','973081ceac9cf74a961a31d787234de43f8b7f395bcc108266a31263d378071e',1,0,0);
CREATE TABLE tally (               -- numbers by what counts of their reports, kept as these come
        sendid TEXT NOT NULL,
        state TEXT NOT NULL,
        numbers INTEGER NOT NULL,
        PRIMARY KEY (sendid, state)
    ) WITHOUT ROWID;
INSERT INTO "tally" VALUES('2026112601500132087000691','DELIVRD',1);
CREATE INDEX batch_state ON batch (run, state);
CREATE INDEX batch_changed ON batch (changed) WHERE state IN ('sending', 'accepted', 'unknown');
CREATE INDEX batch_sendid ON batch (sendid) WHERE sendid != '';
CREATE INDEX batch_unsettled ON batch (sent) WHERE state IN ('sending', 'unknown');
CREATE INDEX report_mobile ON report (mobile);
COMMIT;
