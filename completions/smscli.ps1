# PowerShell completion for smscli; made from its command tree by `make completions`, so do not edit.

Register-ArgumentCompleter -Native -CommandName smscli -ScriptBlock {
    param($typed, $ast, $cursor)
    Set-StrictMode -Off

    # At: the command; Name: its sub-command, option or argument; Takes: flag, text, file, profile, template, run, or
    # choice and choices.
    $rows = @'
At,Name,Takes,Summary
smscli,send,command,Send a text to one number or to a list.
smscli,runs,command,List all sends and what became of them; forget old ones.
smscli,stats,command,"Show how many messages were sent, delivered and billed."
smscli,resume,command,Continue a run that was interrupted.
smscli,resend,command,Send a run again to those who did not get it.
smscli,cancel,command,Cancel what is left of a run.
smscli,status,command,"Show what became of a message, by its sendid or its number."
smscli,inbox,command,Show the replies.
smscli,optout,command,Keep the list of people who want no more messages.
smscli,template,command,"Add, show or remove the texts that the gateway approved."
smscli,balance,command,Show how many messages are left.
smscli,parse-report,command,"Read status reports and replies from files, logs or a pipe."
smscli,listen,command,Receive status reports and replies from the gateway.
smscli,doctor,command,"Check accounts, ledger and listener, and say what to do."
smscli,codes,command,Explain the gateway's codes and the report states.
smscli,ledger,command,"Show, back up or check the file that keeps every send."
smscli,profile,command,"Add, show, change or remove accounts."
smscli,sandbox,command,Run a gateway on this machine that sends nothing.
smscli,completion,command,Print the completion script of a shell.
smscli,help,command,"Explain a topic, such as output or exit-codes, or a command."
smscli,--version,flag,Print the version.
smscli,-h,flag,Show the help.
smscli,--help,flag,Show the help.
smscli send,--mobile,text,"A number, or several joined by commas."
smscli send,--list,file,"A list: a workbook (xlsx, xls, xlsb, ods), CSV, or one number a line; a pipe works too."
smscli send,--csv,file,"A list: a workbook (xlsx, xls, xlsb, ods), CSV, or one number a line; a pipe works too."
smscli send,--column,text,"The list's phone column, by name or number."
smscli send,--sheet,text,"A workbook's sheet, by name or number."
smscli send,--encoding,text,The list's encoding; usually it is detected.
smscli send,--skip-invalid,flag,"Leave invalid lines out, send to the others."
smscli send,--rejects,file,"Write the invalid lines and their reasons to a new file, .csv or .xlsx."
smscli send,--limit,text,Send only to the first N numbers.
smscli send,--include-opted-out,flag,Send also to people who want no more messages.
smscli send,--content,text,The text; {name} takes that column of the list.
smscli send,--content-file,file,Read the text from a file.
smscli send,--template,template,An approved text; `smscli template list` shows them.
smscli send,--var,text,Fill {NAME} with VALUE for every recipient.
smscli send,--sign,text,"The signature, instead of the profile's."
smscli send,--extno,text,"The extension code, instead of the profile's."
smscli send,--at,text,"When to send, as 2026-12-01 09:00, 周五 18:00 or +2h; `smscli help times` lists all forms. Once accepted, it cannot be cancelled."
smscli send,--key,text,A name for this send; the same name never sends twice.
smscli send,--dry-run,flag,"Show what would be sent, and send nothing."
smscli send,--force,flag,Send even if the balance is too low for the whole list.
smscli send,--max-refused,text,Stop after N batches were refused; 0 means never.
smscli send,--batch-size,text,"Numbers in one request, instead of the profile's batch_size."
smscli send,--workers,text,How many requests at the same time.
smscli send,--rate,text,At most N requests a second; 0 means no limit.
smscli send,--wait,text,"Wait this long for all reports, as 90s, 10m or 2h."
smscli send,--yes,flag,Do not ask; the answer is yes.
smscli send,-y,flag,Do not ask; the answer is yes.
smscli send,--quiet,flag,"Show no progress, and not how the list was read."
smscli send,-q,flag,"Show no progress, and not how the list was read."
smscli send,-p,profile,"The account to use, instead of the default."
smscli send,--profile,profile,"The account to use, instead of the default."
smscli send,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli send,-h,flag,Show the help.
smscli send,--help,flag,Show the help.
smscli runs,prune,command,"Forget finished runs, reports and replies from before a day: phone numbers are personal data."
smscli runs,--since,text,"From this time on (China time), as 2026-12-01 or '2026-12-01 09:00'."
smscli runs,--until,text,Up to this time; a day counts as a whole.
smscli runs,-p,profile,Only runs of this account.
smscli runs,--profile,profile,Only runs of this account.
smscli runs,--state,choice DELIVRD EXPIRED UNDELIV UNKNOWN REJECTD DTBLACK ERR:104 REJECT MK:0001 MK:0002 MK:0004 MK:0005 MK:0008 MK:0010 MK:0012 MK:0013 MK:0015 MK:0017 MK:0023 MK:0024 MK:0029 MI:0010 MI:0017 MI:0024 MC:0055 CB:0001 CB:0007 DB:0141 DB:0309 MBBLACK HD:0001,List the people with this report state; in a pipe only the numbers.
smscli runs,--limit,text,"Only the latest N, else 20; 0 means all."
smscli runs,--sandbox,flag,Show runs of the built-in sandbox too.
smscli runs,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli runs,--list,choice failed waiting planned unknown all,"List people with texts, states and times: failed, waiting, planned, unknown or all. The other columns of your list are not kept."
smscli runs,--failed,flag,"The same as --list failed; in a pipe only the numbers, which `send` reads."
smscli runs,--unknown,flag,The same as --list unknown; in a pipe only the numbers.
smscli runs,--html,file,Write a page with charts into FILE instead.
smscli runs,--whole-numbers,flag,"With --html: show whole phone numbers, not 138****8000."
smscli runs,--wait,text,"Wait this long for all reports, as 90s, 10m or 2h."
smscli runs,--quiet,flag,"Show no progress, and not how the list was read."
smscli runs,-q,flag,"Show no progress, and not how the list was read."
smscli runs,-h,flag,Show the help.
smscli runs,--help,flag,Show the help.
smscli runs,argument 1,run,Its number; `smscli runs` lists them.
smscli runs prune,--before,text,"The first day to keep, as 2026-12-01."
smscli runs prune,-h,flag,Show the help.
smscli runs prune,--help,flag,Show the help.
smscli stats,--by,choice hour day month run template profile operator reason,"hour, day, month, run, template, profile, operator or reason (of failure); without it by day."
smscli stats,--since,text,"The first day, as 2026-12-01."
smscli stats,--until,text,"The last day, as 2026-12-31."
smscli stats,--sandbox,flag,Count runs of the built-in sandbox too.
smscli stats,--html,file,Write a page with charts into FILE instead.
smscli stats,--whole-numbers,flag,"With --html: show whole phone numbers, not 138****8000."
smscli stats,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli stats,-h,flag,Show the help.
smscli stats,--help,flag,Show the help.
smscli resume,--unknown,choice resend drop,For batches whose outcome is unknown: resend or drop. Look in the gateway's web console first.
smscli resume,--batch,text,"With --unknown: only these batches, as 3,7; otherwise all."
smscli resume,--join,flag,Send it together with the hosts that are sending it; the ledger is on PostgreSQL then.
smscli resume,--workers,text,How many requests at the same time.
smscli resume,--rate,text,At most N requests a second; 0 means no limit.
smscli resume,--yes,flag,Do not ask; the answer is yes.
smscli resume,-y,flag,Do not ask; the answer is yes.
smscli resume,--quiet,flag,"Show no progress, and not how the list was read."
smscli resume,-q,flag,"Show no progress, and not how the list was read."
smscli resume,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli resume,-h,flag,Show the help.
smscli resume,--help,flag,Show the help.
smscli resume,argument 1,run,Its number; `smscli runs` lists them.
smscli resend,--failed,flag,To those who certainly did not get it.
smscli resend,--state,choice DELIVRD EXPIRED UNDELIV UNKNOWN REJECTD DTBLACK ERR:104 REJECT MK:0001 MK:0002 MK:0004 MK:0005 MK:0008 MK:0010 MK:0012 MK:0013 MK:0015 MK:0017 MK:0023 MK:0024 MK:0029 MI:0010 MI:0017 MI:0024 MC:0055 CB:0001 CB:0007 DB:0141 DB:0309 MBBLACK HD:0001,"To those with this state alone, also where a resend seems useless; may be repeated."
smscli resend,--include-opted-out,flag,Send also to people who want no more messages.
smscli resend,--at,text,"When to send, as 2026-12-01 09:00, 周五 18:00 or +2h; `smscli help times` lists all forms. Once accepted, it cannot be cancelled."
smscli resend,--key,text,A name for this send; the same name never sends twice.
smscli resend,--dry-run,flag,"Show what would be sent, and send nothing."
smscli resend,--force,flag,Send even if the balance is too low for the whole list.
smscli resend,--max-refused,text,Stop after N batches were refused; 0 means never.
smscli resend,--batch-size,text,"Numbers in one request, instead of the profile's batch_size."
smscli resend,--workers,text,How many requests at the same time.
smscli resend,--rate,text,At most N requests a second; 0 means no limit.
smscli resend,--wait,text,"Wait this long for all reports, as 90s, 10m or 2h."
smscli resend,--yes,flag,Do not ask; the answer is yes.
smscli resend,-y,flag,Do not ask; the answer is yes.
smscli resend,--quiet,flag,"Show no progress, and not how the list was read."
smscli resend,-q,flag,"Show no progress, and not how the list was read."
smscli resend,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli resend,-h,flag,Show the help.
smscli resend,--help,flag,Show the help.
smscli resend,argument 1,run,Its number; `smscli runs` lists them.
smscli cancel,--yes,flag,Do not ask; the answer is yes.
smscli cancel,-y,flag,Do not ask; the answer is yes.
smscli cancel,-h,flag,Show the help.
smscli cancel,--help,flag,Show the help.
smscli cancel,argument 1,run,Its number; `smscli runs` lists them.
smscli status,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli status,-h,flag,Show the help.
smscli status,--help,flag,Show the help.
smscli status,argument 1,text,A sendid or a mobile number.
smscli inbox,--since,text,"From this time on (China time), as 2026-12-01 or '2026-12-01 09:00'."
smscli inbox,--mobile,text,Only replies from this number.
smscli inbox,--run,run,Only replies to this run.
smscli inbox,--unread,flag,Only replies that no `inbox --unread` has shown before.
smscli inbox,--optouts,flag,Show opt-outs too.
smscli inbox,--follow,flag,Keep running and show new replies.
smscli inbox,-f,flag,Keep running and show new replies.
smscli inbox,--quarantine,flag,"Show the pushes that were refused, and why."
smscli inbox,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli inbox,-h,flag,Show the help.
smscli inbox,--help,flag,Show the help.
smscli optout,list,command,"List an account's opt-outs: number, since when, and what the person wrote."
smscli optout,add,command,Put numbers on the list.
smscli optout,remove,command,Take numbers off the list: these people get messages again.
smscli optout,import,command,"Put the numbers of a file on the list: a workbook, a CSV, or one number a line."
smscli optout,export,command,"Write the list, one number a line, as `import` and `send` read it."
smscli optout,-h,flag,Show the help.
smscli optout,--help,flag,Show the help.
smscli optout list,-p,profile,"The account to use, instead of the default."
smscli optout list,--profile,profile,"The account to use, instead of the default."
smscli optout list,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli optout list,-h,flag,Show the help.
smscli optout list,--help,flag,Show the help.
smscli optout add,-p,profile,"The account to use, instead of the default."
smscli optout add,--profile,profile,"The account to use, instead of the default."
smscli optout add,-h,flag,Show the help.
smscli optout add,--help,flag,Show the help.
smscli optout add,argument *,text,"Numbers, separated by spaces or commas."
smscli optout remove,-p,profile,"The account to use, instead of the default."
smscli optout remove,--profile,profile,"The account to use, instead of the default."
smscli optout remove,-h,flag,Show the help.
smscli optout remove,--help,flag,Show the help.
smscli optout remove,argument *,text,"Numbers, separated by spaces or commas."
smscli optout import,--column,text,"The list's phone column, by name or number."
smscli optout import,--sheet,text,"A workbook's sheet, by name or number."
smscli optout import,--encoding,text,The list's encoding; usually it is detected.
smscli optout import,--skip-invalid,flag,Leave invalid lines out and add the others.
smscli optout import,-p,profile,"The account to use, instead of the default."
smscli optout import,--profile,profile,"The account to use, instead of the default."
smscli optout import,-h,flag,Show the help.
smscli optout import,--help,flag,Show the help.
smscli optout import,argument 1,file,"A list, as for `send`; without it, from a pipe."
smscli optout export,-p,profile,"The account to use, instead of the default."
smscli optout export,--profile,profile,"The account to use, instead of the default."
smscli optout export,-h,flag,Show the help.
smscli optout export,--help,flag,Show the help.
smscli template,add,command,Add a text that the gateway approved.
smscli template,list,command,List the templates of the configuration file.
smscli template,show,command,"Show a template: its text, signature, extension code and the fields it takes."
smscli template,remove,command,Remove a template; asks first.
smscli template,-h,flag,Show the help.
smscli template,--help,flag,Show the help.
smscli template add,--content,text,"The text, with {fields}; without it asked, or piped."
smscli template add,--sign,text,"Its signature, instead of the profile's."
smscli template add,--extno,text,"Its extension code, instead of the profile's."
smscli template add,-h,flag,Show the help.
smscli template add,--help,flag,Show the help.
smscli template add,argument 1,text,Your own name for it.
smscli template list,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli template list,-h,flag,Show the help.
smscli template list,--help,flag,Show the help.
smscli template show,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli template show,-h,flag,Show the help.
smscli template show,--help,flag,Show the help.
smscli template show,argument 1,template,Its name; `smscli template list` shows them.
smscli template remove,--yes,flag,Do not ask; the answer is yes.
smscli template remove,-y,flag,Do not ask; the answer is yes.
smscli template remove,-h,flag,Show the help.
smscli template remove,--help,flag,Show the help.
smscli template remove,argument 1,template,Its name; `smscli template list` shows them.
smscli balance,--min,text,Exit with code 8 if fewer than N are left.
smscli balance,--warning,text,For nagios: WARNING if fewer than N are left.
smscli balance,--critical,text,For nagios: CRITICAL if fewer than N are left.
smscli balance,--all,flag,"Ask for every profile, a row each."
smscli balance,--quiet,flag,Print nothing unless something is wrong.
smscli balance,-q,flag,Print nothing unless something is wrong.
smscli balance,-p,profile,"The account to use, instead of the default."
smscli balance,--profile,profile,"The account to use, instead of the default."
smscli balance,--output,choice table tsv json jsonl csv nagios prometheus,"table, tsv, json, jsonl, csv, nagios (with its exit codes) or prometheus (for the textfile collector); without it a table on a terminal, tsv in a pipe."
smscli balance,-h,flag,Show the help.
smscli balance,--help,flag,Show the help.
smscli parse-report,--summary,flag,Count by state instead of listing.
smscli parse-report,--state,choice DELIVRD EXPIRED UNDELIV UNKNOWN REJECTD DTBLACK ERR:104 REJECT MK:0001 MK:0002 MK:0004 MK:0005 MK:0008 MK:0010 MK:0012 MK:0013 MK:0015 MK:0017 MK:0023 MK:0024 MK:0029 MI:0010 MI:0017 MI:0024 MC:0055 CB:0001 CB:0007 DB:0141 DB:0309 MBBLACK HD:0001,Only reports with this state.
smscli parse-report,--verify,flag,Add a column: does the push match the profile's credentials?
smscli parse-report,--record,flag,"Keep them in the ledger, except those that do not match the profile's credentials."
smscli parse-report,--strict,flag,Exit with code 2 if a line is not a push.
smscli parse-report,-p,profile,"The account to use, instead of the default."
smscli parse-report,--profile,profile,"The account to use, instead of the default."
smscli parse-report,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli parse-report,-h,flag,Show the help.
smscli parse-report,--help,flag,Show the help.
smscli parse-report,argument *,file,"Files, - for the pipe, or one push as text."
smscli listen,--host,text,The address to listen on; 0.0.0.0 is every address.
smscli listen,--port,text,The port; 0 takes any free one.
smscli listen,--path,text,The path of the address that the gateway pushes to.
smscli listen,--allow,text,Accept pushes only from this IP or network; may be repeated.
smscli listen,--trust-proxy,flag,Behind a proxy: the caller is the last address in X-Forwarded-For.
smscli listen,--metrics,flag,"Serve /metrics for Prometheus, to programs on this machine only."
smscli listen,-p,profile,"The account to use, instead of the default."
smscli listen,--profile,profile,"The account to use, instead of the default."
smscli listen,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli listen,-h,flag,Show the help.
smscli listen,--help,flag,Show the help.
smscli doctor,--listener,text,"The address that the gateway pushes to, to check it too."
smscli doctor,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli doctor,-h,flag,Show the help.
smscli doctor,--help,flag,Show the help.
smscli codes,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli codes,-h,flag,Show the help.
smscli codes,--help,flag,Show the help.
smscli codes,argument 1,choice 0 1 2 3 4 10 11 12 13 14 DELIVRD EXPIRED UNDELIV UNKNOWN REJECTD DTBLACK ERR:104 REJECT MK:0001 MK:0002 MK:0004 MK:0005 MK:0008 MK:0010 MK:0012 MK:0013 MK:0015 MK:0017 MK:0023 MK:0024 MK:0029 MI:0010 MI:0017 MI:0024 MC:0055 CB:0001 CB:0007 DB:0141 DB:0309 MBBLACK HD:0001,"One code or state, e.g. 13, DELIVRD, MK:0001."
smscli ledger,path,command,Print where the ledger is.
smscli ledger,backup,command,Copy the ledger into a new file and check the copy; this works also while the ledger is in use.
smscli ledger,move,command,Move the ledger from its file to an empty PostgreSQL database; nothing is sent by the file from then on.
smscli ledger,roles,command,"Print the SQL that gives senders, listeners and readers no more rights on a PostgreSQL server than they need."
smscli ledger,check,command,"Read the whole ledger and say whether it is sound, and what is unfinished in it."
smscli ledger,-h,flag,Show the help.
smscli ledger,--help,flag,Show the help.
smscli ledger path,-h,flag,Show the help.
smscli ledger path,--help,flag,Show the help.
smscli ledger backup,-h,flag,Show the help.
smscli ledger backup,--help,flag,Show the help.
smscli ledger backup,argument 1,file,A new file for the copy.
smscli ledger move,-h,flag,Show the help.
smscli ledger move,--help,flag,Show the help.
smscli ledger move,argument 1,text,postgresql://USER@HOST/DATABASE or service=NAME.
smscli ledger roles,-h,flag,Show the help.
smscli ledger roles,--help,flag,Show the help.
smscli ledger check,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli ledger check,-h,flag,Show the help.
smscli ledger check,--help,flag,Show the help.
smscli profile,add,command,"Add an account: ask for what is missing, and verify it with a balance call."
smscli profile,password,command,"Change the interface password of an account: asks for it twice, or reads it from a pipe, and verifies it."
smscli profile,list,command,List the accounts.
smscli profile,show,command,"Show an account as commands use it, and where each value comes from; secrets are masked."
smscli profile,set,command,Set one key of an account; an empty value removes it.
smscli profile,use,command,Make an account the default.
smscli profile,remove,command,Remove an account and its password; asks first.
smscli profile,path,command,Print where the configuration file is.
smscli profile,-h,flag,Show the help.
smscli profile,--help,flag,Show the help.
smscli profile add,--endpoint,text,The address from the vendor's support.
smscli profile add,--name,text,The account.
smscli profile add,--sign,text,The signature of its messages.
smscli profile add,--pwd-stdin,flag,Read the interface password from a pipe.
smscli profile add,--pwd-command,text,Read the password from this command's output.
smscli profile add,--no-verify,flag,Save without asking the gateway for the balance.
smscli profile add,-h,flag,Show the help.
smscli profile add,--help,flag,Show the help.
smscli profile add,argument 1,text,Your own name for it.
smscli profile password,--no-verify,flag,Save without asking the gateway for the balance.
smscli profile password,-h,flag,Show the help.
smscli profile password,--help,flag,Show the help.
smscli profile password,argument 1,profile,Its name; without it the default.
smscli profile list,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli profile list,-h,flag,Show the help.
smscli profile list,--help,flag,Show the help.
smscli profile show,-p,profile,"The account to use, instead of the default."
smscli profile show,--profile,profile,"The account to use, instead of the default."
smscli profile show,--output,choice table tsv json jsonl csv,"table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe."
smscli profile show,-h,flag,Show the help.
smscli profile show,--help,flag,Show the help.
smscli profile show,argument 1,profile,Its name; without it the default.
smscli profile set,-p,profile,"The account to use, instead of the default."
smscli profile set,--profile,profile,"The account to use, instead of the default."
smscli profile set,--stdin,flag,Read the value from a pipe.
smscli profile set,-h,flag,Show the help.
smscli profile set,--help,flag,Show the help.
smscli profile set,argument 1,choice endpoint name pwd pwd_command sign extno standby batch_size timeout ca_bundle proxy push_name push_pwd access_secret push_window extension_length confirm_above per_number repeat_window quiet_hours optout_words optin_words refusal_codes,One of the keys below.
smscli profile set,argument *,text,Its new value.
smscli profile use,-h,flag,Show the help.
smscli profile use,--help,flag,Show the help.
smscli profile use,argument 1,profile,Its name; `smscli profile list` shows them.
smscli profile remove,--yes,flag,Do not ask; the answer is yes.
smscli profile remove,-y,flag,Do not ask; the answer is yes.
smscli profile remove,-h,flag,Show the help.
smscli profile remove,--help,flag,Show the help.
smscli profile remove,argument 1,profile,Its name; `smscli profile list` shows them.
smscli profile path,-h,flag,Show the help.
smscli profile path,--help,flag,Show the help.
smscli sandbox,--port,text,The port on 127.0.0.1; 0 takes any free one.
smscli sandbox,--balance,text,How many messages the account has.
smscli sandbox,--latency,text,Milliseconds before each answer.
smscli sandbox,--fault,choice close-before reset-before close-after reset-after http-102 http-502 early-408 late-408 idle-408 html truncated drip redirect redirect-broken redirect-chinese huge huge-cookie gzip-bomb garbage empty wrong-counts code-502 code-minus-2,"How to fail: close-before, reset-before, close-after, reset-after, http-102, http-502, early-408, late-408, idle-408, html, truncated, drip, redirect, redirect-broken, redirect-chinese, huge, huge-cookie, gzip-bomb, garbage, empty, wrong-counts, code-502, code-minus-2."
smscli sandbox,--fault-every,text,Fail only at every Nth request.
smscli sandbox,--log,file,Append the requests to a file instead of stderr.
smscli sandbox,--push-to,text,Push reports and replies to this address.
smscli sandbox,-p,profile,"Push with this account's push_name and push_pwd, or signed with its access_secret."
smscli sandbox,--profile,profile,"Push with this account's push_name and push_pwd, or signed with its access_secret."
smscli sandbox,-h,flag,Show the help.
smscli sandbox,--help,flag,Show the help.
smscli completion,-h,flag,Show the help.
smscli completion,--help,flag,Show the help.
smscli completion,argument 1,choice bash zsh fish powershell,"bash, zsh, fish or powershell."
smscli help,-h,flag,Show the help.
smscli help,--help,flag,Show the help.
smscli help,argument *,choice config exit-codes list output reports safety stability times send runs stats resume resend cancel status inbox optout template balance parse-report listen doctor codes ledger profile sandbox completion help,"A topic, or a command."
'@ | ConvertFrom-Csv

    function Find-Row($name) {
        $rows | Where-Object { $_.At -ceq $at -and $_.Name -ceq $name } | Select-Object -First 1
    }

    function Get-Folder($variable, $fallback) {
        @($env:APPDATA, $variable, "$HOME/$fallback") | Where-Object { $_ } | Select-Object -First 1
    }

    # The names of the tables [$group.NAME] in the configuration file.
    function Get-Name($group) {
        if ($group -eq 'profiles') { 'sandbox' }
        $folder = Get-Folder $env:XDG_CONFIG_HOME '.config'
        $file = if ($env:SMSCLI_CONFIG) { $env:SMSCLI_CONFIG } else { "$folder/smscli/config.toml" }
        if (-not (Test-Path -LiteralPath $file -PathType Leaf)) { return }
        foreach ($line in Get-Content -LiteralPath $file -Encoding UTF8 -ErrorAction SilentlyContinue) {
            if ($line -match ('^\s*\[\s*' + $group + '\s*\.\s*(?:"([^"\\\p{C}]+)"|''([^''\p{C}]+)''|([A-Za-z0-9_-]+))\s*\]')) {
                "$($Matches[1])$($Matches[2])$($Matches[3])"
            }
        }
    }

    # The latest runs, which smscli keeps in a file for this.
    function Get-Run {
        $ledger = $env:SMSCLI_LEDGER
        if (-not $ledger) { $ledger = "$(Get-Folder $env:XDG_STATE_HOME '.local/state')/smscli/ledger.db" }
        if (-not (Test-Path -LiteralPath "$ledger-runs" -PathType Leaf)) { return }
        foreach ($line in Get-Content -LiteralPath "$ledger-runs" -Encoding UTF8 -ErrorAction SilentlyContinue) {
            if ($line -match '^([0-9]+)\t([0-9: -]+)$') { @{ Name = $Matches[1]; Summary = $Matches[2] } }
        }
    }

    function New-Result($name, $summary) {
        if (-not $summary) { $summary = $name } # PowerShell refuses an empty one
        $text = $name
        if ($name -notmatch '^[\w-]+$') {
            $quote = [System.Management.Automation.Language.CodeGeneration]
            $text = "'" + $quote::EscapeSingleQuotedStringContent($name) + "'"
        }
        [System.Management.Automation.CompletionResult]::new("$prefix$text", $name, 'ParameterValue', $summary)
    }

    $at = 'smscli'
    $place = 1
    $wants = $null
    foreach ($element in $ast.CommandElements | Select-Object -Skip 1) {
        if ($element.Extent.EndOffset -ge $cursor) { break }
        $row = Find-Row $element.Extent.Text
        if ($wants) { $wants = $null }
        elseif ($row.Takes -eq 'command') { $at = "$at $($row.Name)" }
        elseif ($row -and $row.Takes -ne 'flag') { $wants = $row }
        elseif ($element.Extent.Text -notlike '-*') { $place++ }
    }

    $prefix = ''
    if (-not $wants -and $typed -match '^(--[^=]+)=(.*)$') {
        $prefix = "$($Matches[1])="
        $typed = $Matches[2]
        $wants = Find-Row $prefix.TrimEnd('=')
    }
    elseif (-not $wants -and $typed -notlike '-*') {
        $wants = @((Find-Row "argument $place"), (Find-Row 'argument *')) | Where-Object { $_ } | Select-Object -First 1
    }

    $found = if ($wants.Takes -in 'profile', 'template') {
        Get-Name "$($wants.Takes)s" | ForEach-Object { @{ Name = $_; Summary = $_ } }
    }
    elseif ($wants.Takes -eq 'run') {
        Get-Run
        if ($wants.Name -like 'argument*') { $rows | Where-Object { $_.At -ceq $at -and $_.Takes -eq 'command' } }
    }
    elseif ($wants.Takes -like 'choice *') {
        -split $wants.Takes | Select-Object -Skip 1 | ForEach-Object { @{ Name = $_; Summary = $_ } }
    }
    elseif (-not $wants) {
        $rows | Where-Object { $_.At -ceq $at -and (($_.Takes -eq 'command') -ne ($typed -like '-*')) }
    }
    $typed = $typed -replace '^[''"]', ''
    $found | Where-Object { $_ -and $_.Name.StartsWith($typed, [StringComparison]::Ordinal) } |
        ForEach-Object { New-Result $_.Name $_.Summary }
}
