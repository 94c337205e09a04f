PRAGMA application_id = 1397576515;
PRAGMA user_version = 1;
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
        error TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (run, number)
    ) WITHOUT ROWID;
INSERT INTO "batch" VALUES(1,1,'accepted',NULL,'13800138000,13800138001',2,1.79562899646482133867e+09,0,'2026112601495668422482075',2,0,0,'提交成功','');
INSERT INTO "batch" VALUES(2,1,'unreachable','王，明天停水','13800138000',1,1795628997.32668,NULL,'',0,0,0,'','127.0.0.1:18990 cannot be reached: nothing listens there (connection refused). Nothing was sent.');
INSERT INTO "batch" VALUES(2,2,'unreachable','李，明天停水','13800138002',1,1.79562899732683682444e+09,NULL,'',0,0,0,'','127.0.0.1:18990 cannot be reached: nothing listens there (connection refused). Nothing was sent.');
INSERT INTO "batch" VALUES(2,3,'unreachable','赵，明天停水','13800138003',1,1.79562899732682108877e+09,NULL,'',0,0,0,'','127.0.0.1:18990 cannot be reached: nothing listens there (connection refused). Nothing was sent.');
INSERT INTO "batch" VALUES(3,1,'sending',NULL,'13800138004',1,1.79562899877578425406e+09,NULL,'',0,0,0,'','');
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
INSERT INTO "run" VALUES(1,'order-1',1.79562899644567203517e+09,'wang@shop','environment','demo','您的订单已发货','','','','--mobile','fde7ea0df06bcabce379a950f73cd79727788ce13b90e65ac3e924385368ee0e',2,0,0);
INSERT INTO "run" VALUES(2,'water',1.79562899729861545562e+09,'wang@shop','environment','demo','{name}，明天停水','','','','/home/wang/list.csv','ff8ac055854b56a4e6438ae0da8e8bdb704ccef9ecd68beab8cf4c5fbd3d525a',3,0,0);
INSERT INTO "run" VALUES(3,'killed',1.7956289987612187863e+09,'wang@shop','environment','demo','维护通知','','','','--mobile','973081ceac9cf74a961a31d787234de43f8b7f395bcc108266a31263d378071e',1,0,0);
CREATE INDEX batch_state ON batch (run, state);
CREATE INDEX batch_changed ON batch (changed) WHERE state IN ('sending', 'accepted', 'unknown');
COMMIT;
