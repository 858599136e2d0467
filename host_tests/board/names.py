"""The names of the command language, written by hand from its description: tables of commands and
of variables with their shortcuts. Not derived from the firmware's declarations, which they judge.

A shortcut of `-` is one that the description does not give. A variable is followed by the index to
try where it has indexes.
"""

COMMANDS = """
adc_take_sample         adc
dac_set_level           dac
factory_reset           fac
faults_print            faup
faults_reset            faur
file_create             fcr
file_delete             fde
file_open               fop
file_stat               fst
format_flash            format
get                     get
ghm_activate            gac
ghm_capabilities        gca
ghm_deactivate          gde
ghm_message             gme
ghm_read                gre
ghm_signup              gsi
ghm_sync                gsy
ghm_write               gwr
gpio_dir                gdi
gpio_get                gge
gpio_set                gse
gpios_dir               gdis
gpios_get               gges
gpios_set               gses
help                    help
http_add_header         had
http_download           hdo
http_get                hge
http_head               hhe
http_post               hpo
http_read_status        hre
http_upload             hup
load                    load
ls                      ls
mdns_discover           mdns
network_down            ndo
network_lookup          nlo
network_restart         nre
network_up              nup
network_verify          nve
ota                     ota
ping                    ping
pwm_update              pwm
reboot                  reboot
save                    save
set                     set
setup                   setup
sleep                   sleep
smtp_send               smtp
stream_close            close
stream_list             list
stream_poll             poll
stream_read             read
stream_write            write
tcp_client              tcpc
tcp_server              tcps
tls_client              tlsc
tls_server              tlss
udp_client              udpc
udp_server              udps
version                 ver
wlan_get_rssi           rssi
wlan_scan               scan
wps                     wps
exit                    -
uart_update             -
"""

# Commands that belong to services of their own, and the variables of those.
ABSENT_COMMANDS = """
ghm_activate ghm_capabilities ghm_deactivate ghm_message ghm_read ghm_signup ghm_sync ghm_write
ota
wps
"""

VARIABLES = """
broadcast.data                     br d
broadcast.http.host                br h h
broadcast.interface                br i f
broadcast.interval                 br i
broadcast.udp.ip                   br u i
broadcast.udp.port                 br u p

bus.command.rx_bufsize             bu c r
bus.command.tx_bufsize             bu c t
bus.data_bus                       -
bus.log_bus                        -
bus.mode                           bu m
bus.stream.cmd_gpio                bu s g
bus.stream.cmd_seq                 bu s s
bus.stream.flush_count             bu s c
bus.stream.flush_reset             bu s r
bus.stream.flush_time              bu s t

email.name_address                 em n
email.smtp.host                    em s h
email.smtp.password                em s w
email.smtp.port                    em s p
email.smtp.username                em s u

gpio.alias                         gp a       4
gpio.init                          gp i       4
gpio.sleep                         gp s       4
gpio.usage                         gp u

http.server.api_enabled            ht s a
http.server.auth_title             ht s h
http.server.connected_gpio         ht s x
http.server.cors_origin            ht s c
http.server.enabled                ht s e
http.server.idle_timeout           -
http.server.interface              ht s i
http.server.max_clients            ht s m
http.server.max_requests           -
http.server.notfound_filename      ht s n
http.server.password               ht s w
http.server.port                   ht s p
http.server.root_filename          ht s r
http.server.tls_cert               -
http.server.tls_enabled            ht s t
http.server.tls_key                -
http.server.username               ht s u

ioconn.control_gpio                io c
ioconn.enabled                     io e
ioconn.local_port                  io l
ioconn.protocol                    io p
ioconn.remote_host                 io h
ioconn.remote_port                 io r
ioconn.status_gpio                 io s

mdns.enabled                       md e
mdns.interface                     md i
mdns.name                          md n
mdns.service                       md s
mdns.ttl                           -

network.buffer.rxtx_ratio          -
network.buffer.size                -
network.buffer.usage               ne b u
network.default_interface          ne f
network.dhcp.enabled               ne d e
network.dns.timeout                -
network.gateway                    ne g
network.ip                         ne i
network.netmask                    ne n
network.tls.ca_cert                ne t a
network.tls.client_cert            ne t c
network.tls.client_key             ne t k
network.tls.handshake_timeout      -
network.tls.version                -

ntp.enabled                        nt e
ntp.interface                      nt f
ntp.interval                       nt i
ntp.server                         nt s

ota.host                           ot h
ota.port                           ot p

remote_terminal.enabled            re e
remote_terminal.interface          re i
remote_terminal.password           re w
remote_terminal.port               re p
remote_terminal.timeout            re t

setup.auto.cmd                     se a c
setup.gpio.cmd                     se g c
setup.gpio.control_gpio            se g g
setup.gpio.mode                    -
setup.web.idle_timeout             se w i
setup.web.passkey                  se w p
setup.web.root_filename            se w r
setup.web.ssid                     se w s
setup.web.url                      se w u

softap.auto_start                  so a
softap.captive_portal_enabled      so v
softap.channel                     -
softap.client_list                 so l
softap.dhcp_server.enabled         so d e
softap.dns_server.enabled          so n e
softap.dns_server.url              so n u
softap.idle_timeout                so t
softap.info                        -
softap.passkey                     so p
softap.rate.protocol               so r p
softap.ssid                        so s
softap.static.ip                   so s i

static.dns                         st d
static.gateway                     st g
static.ip                          st i
static.netmask                     st n

stream.auto_close                  -

system.activity.gpio               sy a g
system.activity.gpio_level         sy a l
system.adc.vref                    sy a v
system.boot_app                    -
system.build_number                sy n
system.cmd.buffered                sy c b
system.cmd.echo                    sy c e
system.cmd.gpio                    sy c g
system.cmd.header_enabled          sy c h
system.cmd.mode                    sy c m
system.cmd.prompt_enabled          sy c p
system.cmd.timestamp               sy c t
system.gotosleep.timeout           -
system.indicator.gpio              sy i g     wlan
system.indicator.state             sy i s     wlan
system.memory.usage                sy o
system.oob.gpio                    sy o g
system.powersave.mode              -
system.print_level                 sy p
system.safemode                    -
system.uuid                        sy u
system.version                     -
system.wakeup.events               sy w e
system.wakeup.timeout              -

tcp.client.auto_interface          tc c i
tcp.client.auto_retries            tc c e
tcp.client.auto_start              tc c a
tcp.client.connect_timeout         -
tcp.client.local_port              -
tcp.client.remote_host             tc c h
tcp.client.remote_port             tc c p
tcp.client.retries                 -
tcp.client.retry_period            -
tcp.client.tls_enabled             -
tcp.keepalive.enabled              -
tcp.keepalive.initial_timeout      -
tcp.keepalive.retry_count          -
tcp.keepalive.retry_timeout        -
tcp.server.auto_interface          tc s i
tcp.server.auto_start              tc s a
tcp.server.connected_gpio          tc s c
tcp.server.data_gpio               tc s d
tcp.server.idle_timeout            tc s t
tcp.server.max_clients             -
tcp.server.port                    tc s p
tcp.server.tls_enabled             -

time.last_set                      ti l
time.rtc                           ti r
time.uptime                        ti u
time.zone                          ti z

uart.baud                          ua b       0
uart.data                          ua d       0
uart.flow                          ua f       0
uart.parity                        ua p       0
uart.stop                          ua s       0

udp.client.auto_interface          ud c i
udp.client.auto_retry              ud c r
udp.client.auto_start              ud c a
udp.client.local_port              -
udp.client.remote_host             ud c h
udp.client.remote_port             ud c p
udp.server.auto_interface          ud s i
udp.server.auto_start              ud s a
udp.server.data_gpio               ud s d
udp.server.lock_client             ud s l
udp.server.port                    ud s p
udp.server.remote_host             -
udp.server.remote_port             -

wlan.antenna.select                wl a s
wlan.auto_join.enabled             wl o e
wlan.auto_join.retries             wl o r
wlan.auto_join.retry_delay         wl o d
wlan.bssid                         -
wlan.hide_passkey                  -
wlan.info                          -
wlan.join.result                   -
wlan.join.retries                  wl j r
wlan.join.timeout                  -
wlan.mac                           wl m
wlan.network.status                wl n s
wlan.network.status_gpio           wl n o
wlan.passkey                       wl p
wlan.powersave.mode                -
wlan.rssi_average                  -
wlan.scan.active_dwell             -
wlan.scan.channel_mask             -
wlan.scan.home_dwell               -
wlan.scan.num_probes               -
wlan.scan.passive_dwell            -
wlan.scan.retries                  wl s r
wlan.scan.type                     -
wlan.security                      -
wlan.ssid                          wl s
wlan.tx_power                      -
"""

ABSENT_VARIABLES = """
http.server.idle_timeout http.server.max_requests
ota.host ota.port
setup.gpio.mode
"""

# Other names and shortcuts in use for a variable: by releases, documents and drivers.
ALIASES = """
bus.stream.flush_time_reset        bus.stream.flush_reset
softap.gateway                     softap.static.ip
sy b n                             system.build_number
sy c f                             system.cmd.mode
system.cmd.format                  system.cmd.mode
"""
