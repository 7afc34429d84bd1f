"""What Dovecot and Exim are told, for `support_mail`; {names} are filled in."""

from __future__ import annotations

DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
first_valid_uid = 0
mail_location = maildir:~/Maildir
mail_home = {folder}/mail/%n
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%n allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""
# Logins by token too: an authorisation server's introspection (RFC 7662) says whether it is good.
DOVECOT_TOKENS = """\
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
"""
OAUTH2 = """\
introspection_mode = auth
introspection_url = {tokens}/introspect
username_attribute = user
active_attribute = active
active_value = true
"""
EXIM_TOKENS = """\
xoauth2:
  driver = plaintext
  public_name = XOAUTH2
  server_prompts = :
  server_condition = ${{if match{{$auth1}}{{\\NBearer ([\\w-]+)\\N}}{{${{if match{{\\
    ${{readsocket{{inet:{introspection}}}\\
      {{GET /introspect HTTP/1.0\\r\\nAuthorization: Bearer $1\\r\\n\\r\\n}}{{5s}}{{ }}{{}}}}\\
    }}{{^HTTP/1.. 200}}{{yes}}{{no}}}}}}{{no}}}}
  server_set_id = support
"""
EXIM = """\
primary_hostname = mx.support.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {smtp}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
deliver_drop_privilege = true
tls_advertise_hosts = *
tls_certificate = {folder}/cert.pem
tls_privatekey = {folder}/key.pem
auth_advertise_hosts = *
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = accept
never_users =
keep_environment =
message_size_limit = 20M
begin acl
acl_rcpt:
  deny local_parts = refused
       message = mailbox unavailable
  accept authenticated = *
  accept domains = support.example
  deny message = authentication required to relay
begin routers
maildirs:
  driver = accept
  domains = support.example : customer.example
  local_parts = support : carla : dan
  transport = to_maildir
deadend:
  driver = redirect
  data = :fail: no outside delivery from this test server
  allow_fail
begin transports
to_maildir:
  driver = appendfile
  directory = {folder}/mail/$local_part_data/Maildir
  maildir_format
  create_directory
  directory_mode = 0700
  delivery_date_add
  return_path_add
begin retry
* * F,1h,1m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{support}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""
