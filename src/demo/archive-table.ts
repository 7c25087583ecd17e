/**
 * The packages of the demonstration. Names are Debian's; versions, dates and vulnerabilities are made up. `#` in a version is the number of the update;
 * `{a,b,c}` in a binary's name is chosen by the release (11, 12, 13). Columns: source, roles (base: every host), security updates a year, version in
 * Debian 11, 12 and 13, binaries, services that map or are it.
 */
export const ARCHIVE_TABLE = `
linux-signed-amd64|base|8|5.10.{218+#}+1|6.1.{128+2#}+1|6.12.{40+2#}+1|linux-image-amd64|
openssl|base|4|1.1.1w-0+deb11u#|3.0.16-1~deb12u#|3.5.1-1+deb13u#|libssl{1.1,3,3t64} openssl|ssh nginx apache2 haproxy postfix dovecot postgresql redis-server
glibc|base|2|2.31-13+deb11u1#|2.36-9+deb12u1#|2.41-12+deb13u#|libc6 libc-bin libc-l10n locales|
systemd|base|2|247.3-7+deb11u#|252.38-1~deb12u#|257.8-1~deb13u#|systemd libsystemd0 udev libudev1 systemd-sysv libpam-systemd|systemd-journald systemd-logind
openssh|base|2|1:8.4p1-5+deb11u#|1:9.2p1-2+deb12u#|1:10.0p1-7+deb13u#|openssh-server openssh-client openssh-sftp-server|ssh
sudo|base|1|1.9.5p2-3+deb11u#|1.9.13p3-1+deb12u#|1.9.16p2-3+deb13u#|sudo|
curl|base|3|7.74.0-1.3+deb11u1#|7.88.1-10+deb12u1#|8.14.1-2+deb13u#|curl libcurl{4,4,4t64}|
gnutls28|base|2|3.7.1-5+deb11u#|3.7.9-2+deb12u#|3.8.9-3+deb13u#|libgnutls30{,,t64}|
libxml2|base|3|2.9.10+dfsg-6.7+deb11u#|2.9.14+dfsg-1.3~deb12u#|2.12.7+dfsg-2+deb13u#|libxml2|
expat|base|2|2.2.10-2+deb11u#|2.5.0-1+deb12u#|2.7.1-2+deb13u#|libexpat1|
krb5|base|1|1.18.3-6+deb11u#|1.20.1-2+deb12u#|1.21.3-5+deb13u#|libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0|
sqlite3|base|1|3.34.1-3+deb11u#|3.40.1-2+deb12u#|3.46.1-7+deb13u#|libsqlite3-0|
python3|base|3|3.9.2-1+deb11u#|3.11.2-6+deb12u#|3.13.5-2+deb13u#|python{3.9,3.11,3.13} python{3.9,3.11,3.13}-minimal libpython{3.9,3.11,3.13}-stdlib|
perl|base|1|5.32.1-4+deb11u#|5.36.0-7+deb12u#|5.40.1-6+deb13u#|perl perl-base perl-modules-{5.32,5.36,5.40}|
vim|base|2|2:8.2.2434-3+deb11u#|2:9.0.1378-2+deb12u#|2:9.1.1230-2+deb13u#|vim-tiny vim-common|
git|base|2|1:2.30.2-1+deb11u#|1:2.39.5-0+deb12u#|1:2.47.3-0+deb13u#|git git-man|
bind9|base|2|1:9.16.50-1~deb11u#|1:9.18.41-1~deb12u#|1:9.20.15-1~deb13u#|bind9-libs bind9-host bind9-dnsutils|
rsync|base|1|3.2.3-4+deb11u#|3.2.7-1+deb12u#|3.4.1+ds1-5+deb13u#|rsync|
wget|base|1|1.21-1+deb11u#|1.21.3-1+deb12u#|1.25.0-2+deb13u#|wget|
gnupg2|base|1|2.2.27-2+deb11u#|2.2.40-1.1+deb12u#|2.4.7-21+deb13u#|gnupg gpg gpg-agent gpgv dirmngr|
util-linux|base|1|2.36.1-8+deb11u#|2.38.1-5+deb12u#|2.41-5+deb13u#|util-linux mount bsdutils libblkid1 libmount1 libuuid1|
nghttp2|base|1|1.43.0-1+deb11u#|1.52.0-1+deb12u#|1.64.0-1.1+deb13u#|libnghttp2-14|
libtasn1-6|base|1|4.16.0-2+deb11u#|4.19.0-2+deb12u#|4.20.0-2+deb13u#|libtasn1-6|
ncurses|base|1|6.2+20201114-2+deb11u#|6.4-4+deb12u#|6.5+20250216-2+deb13u#|libncursesw6 libtinfo6 ncurses-base ncurses-bin|
shadow|base|0|1:4.8.1-1+deb11u#|1:4.13+dfsg1-1+deb12u#|1:4.17.4-2+deb13u#|passwd login|
tzdata|base|0|2025b-0+deb11u#|2025b-0+deb12u#|2025b-4+deb13u#|tzdata|
base-files|base|0|11.1+deb11u#|12.4+deb12u#|13.8+deb13u#|base-files|
nginx|web proxy-edge|3|1.18.0-6.1+deb11u#|1.22.1-9+deb12u#|1.26.3-3+deb13u#|nginx nginx-common|nginx
apache2|app|4|2.4.62-1~deb11u#|2.4.65-1~deb12u#|2.4.65-2~deb13u#|apache2 apache2-bin apache2-data apache2-utils|apache2
php8|web app|5|7.4.33-1+deb11u#|8.2.29-1~deb12u#|8.4.11-1~deb13u#|php{7.4,8.2,8.4}-fpm php{7.4,8.2,8.4}-cli php{7.4,8.2,8.4}-common|php{7.4,8.2,8.4}-fpm
imagemagick|web|6|8:6.9.11.60+dfsg-1.3+deb11u#|8:6.9.11.60+dfsg-1.6+deb12u#|8:7.1.1.43+dfsg1-1+deb13u#|imagemagick-6-common libmagickcore-6.q16-6 imagemagick|
nodejs|app batch|3|12.22.12~dfsg-1~deb11u#|18.20.4+dfsg-1~deb12u#|20.19.2+dfsg-1+deb13u#|nodejs libnode{72,108,115}|
openjdk-17|app batch|4|17.0.1{#}+7-1~deb11u1|17.0.1{#}+7-1~deb12u1|17.0.1{#}+7-2~deb13u1|openjdk-17-jre-headless|
tomcat|app|4|9.0.43-2~deb11u1#|10.1.34-0+deb12u#|10.1.40-1+deb13u#|tomcat{9,10,10} tomcat{9,10,10}-common|tomcat{9,10,10}
ghostscript|app|5|9.53.3~dfsg-7+deb11u#|10.0.0~dfsg-11+deb12u#|10.05.1~dfsg-1+deb13u#|ghostscript libgs{9,10,10}|
postgresql|db|4|13.2{#}-0+deb11u1|15.1{#}-0+deb12u1|17.{4+#}-0+deb13u1|postgresql-{13,15,17} postgresql-client-{13,15,17} libpq5|postgresql
mariadb|sql|2|1:10.5.2{#}-0+deb11u1|1:10.11.1{#}-0+deb12u1|1:11.8.{2+#}-0+deb13u1|mariadb-server mariadb-client mariadb-common|mariadb
redis|cache|3|5:6.0.16-1+deb11u#|5:7.0.15-1~deb12u#|5:8.0.2-3+deb13u#|redis-server redis-tools|redis-server
memcached|cache|0|1.6.9+dfsg-1+deb11u#|1.6.18-1+deb12u#|1.6.38-1+deb13u#|memcached|memcached
haproxy|lb|2|2.2.9-2+deb11u#|2.6.12-1+deb12u#|3.0.11-1+deb13u#|haproxy|haproxy
keepalived|lb|0|1:2.1.5-0.2+deb11u#|1:2.2.7-1+deb12u#|1:2.3.3-1+deb13u#|keepalived|keepalived
postfix|mail|1|3.5.25-0+deb11u#|3.7.11-0+deb12u#|3.10.4-1~deb13u#|postfix|postfix
dovecot|mail|2|1:2.3.13+dfsg1-2+deb11u#|1:2.3.19.1+dfsg1-2.1+deb12u#|1:2.4.1+dfsg1-6+deb13u#|dovecot-core dovecot-imapd|dovecot
exim4|mail|1|4.94.2-7+deb11u#|4.96-15+deb12u#|4.98.2-1+deb13u#|exim4-base exim4-daemon-light|exim4
unbound|dns|3|1.13.1-1+deb11u#|1.17.1-2+deb12u#|1.22.0-2+deb13u#|unbound libunbound8|unbound
docker.io|container|3|20.10.5+dfsg1-1+deb11u#|20.10.24+dfsg1-1+deb12u#|26.1.5+dfsg1-9+deb13u#|docker.io|docker
containerd|container|2|1.4.13~ds1-1~deb11u#|1.6.20~ds1-1+deb12u#|1.7.24~ds1-6+deb13u#|containerd|containerd
runc|container|2|1.0.0~rc93+ds1-5+deb11u#|1.1.5+ds1-1+deb12u#|1.1.15+ds1-2+deb13u#|runc|
samba|files|3|2:4.13.13+dfsg-1~deb11u#|2:4.17.12+dfsg-0+deb12u#|2:4.22.4+dfsg-1~deb13u#|samba samba-common samba-libs smbclient|smbd
squid|proxy|3|4.13-10+deb11u#|5.7-2+deb12u#|6.13-2+deb13u#|squid squid-common|squid
snmpd|monitor|1|5.9+dfsg-4+deb11u#|5.9.3+dfsg-2+deb12u#|5.9.4+dfsg-2+deb13u#|snmpd libsnmp40|snmpd
prometheus|monitor|1|2.24.1+ds-1+deb11u#|2.42.0+ds-5+deb12u#|2.53.3+ds1-2+deb13u#|prometheus|prometheus
`;

/** Packages that saw no update in the time of the story, as `name version11 version12 version13`; they make lists as long as a small server's. */
export const QUIET_TABLE = `
adduser 3.118 3.134 3.152
apt 2.2.4 2.6.1 3.0.3
bash 5.1-2 5.2.15-2 5.2.37-2
bzip2 1.0.8-4 1.0.8-5 1.0.8-6
ca-certificates 20210119 20230311 20250419
chrony 4.0-8 4.3-2 4.6.1-3
coreutils 8.32-4 9.1-1 9.7-3
cpio 2.13-4 2.13-7.1 2.15-2
cron 3.0pl1-137 3.0pl1-162 3.0pl1-197
dash 0.5.11-3 0.5.12-2 0.5.12-12
dbus 1.12.28-0 1.14.10-1 1.16.2-2
debconf 1.5.77 1.5.82 1.5.91
debianutils 4.11.2 5.7-0.5 5.23.2
diffutils 3.7-5 3.8-4 3.10-4
dmidecode 3.3-2 3.4-1 3.6-2
dpkg 1.20.13 1.21.22 1.22.21
e2fsprogs 1.46.2-2 1.47.0-2 1.47.2-3
file 5.39-3 5.44-3 5.46-5
findutils 4.8.0-1 4.9.0-4 4.10.0-3
gawk 5.1.0-1 5.2.1-2 5.2.1-2.1
gettext-base 0.21-4 0.21-12 0.23.1-2
grep 3.6-1 3.8-5 3.11-4
groff-base 1.22.4-6 1.22.4-10 1.23.0-9
gzip 1.10-4 1.12-1 1.13-1
hostname 3.23 3.23 3.25
htop 3.0.5-7 3.2.2-2 3.4.1-5
ifupdown 0.8.36 0.8.41 0.8.44
init-system-helpers 1.60 1.65.2 1.69
iproute2 5.10.0-4 6.1.0-3 6.15.0-1
iptables 1.8.7-1 1.8.9-2 1.8.11-2
iputils-ping 3:20210202-1 3:20221126-1 3:20240905-3
jq 1.6-2.1 1.6-2.1 1.7.1-6
kmod 28-1 30+20221128-1 34.2-2
less 551-2 590-2.1 668-1
libacl1 2.2.53-10 2.3.1-3 2.3.2-2
libattr1 1:2.4.48-6 1:2.5.1-4 1:2.5.2-3
libbz2-1.0 1.0.8-4 1.0.8-5 1.0.8-6
libcap2 1:2.44-1 1:2.66-4 1:2.75-10
libcom-err2 1.46.2-2 1.47.0-2 1.47.2-3
libcrypt1 1:4.4.18-4 1:4.4.33-2 1:4.4.38-1
libdb5.3 5.3.28+dfsg1-0.8 5.3.28+dfsg2-1 5.3.28+dfsg2-9
libedit2 3.1-20191231-2 3.1-20221030-2 3.1-20250104-1
libffi8 3.3-6 3.4.4-1 3.4.8-2
libgcc-s1 10.2.1-6 12.2.0-14 14.2.0-19
libgcrypt20 1.8.7-6 1.10.1-3 1.11.0-7
libgmp10 2:6.2.1+dfsg-1 2:6.2.1+dfsg1-1.1 2:6.3.0+dfsg-3
libidn2-0 2.3.0-5 2.3.3-1 2.3.8-2
libjson-c5 0.15-2 0.16-2 0.18+ds-1
libkeyutils1 1.6.1-2 1.6.3-2 1.6.3-6
liblz4-1 1.9.3-2 1.9.4-1 1.10.0-4
liblzma5 5.2.5-2.1 5.4.1-0.2 5.8.1-1
libnftables1 0.9.8-3.1 1.0.6-2 1.1.3-1
libp11-kit0 0.23.22-1 0.24.1-2 0.25.5-3
libpam-modules 1.4.0-9 1.5.2-6 1.7.0-5
libpcre2-8-0 10.36-2 10.42-1 10.46-1
libpopt0 1.18-2 1.19+dfsg-1 1.19+dfsg-2
libreadline8 8.1-1 8.2-1.3 8.2-6
libseccomp2 2.5.1-1 2.5.4-1 2.6.0-2
libselinux1 3.1-3 3.4-1 3.8.1-1
libsemanage2 3.1-1 3.4-1 3.8.1-1
libstdc++6 10.2.1-6 12.2.0-14 14.2.0-19
libxxhash0 0.8.0-2 0.8.1-1 0.8.3-2
libzstd1 1.4.8+dfsg-2.1 1.5.4+dfsg2-5 1.5.7+dfsg-1
logrotate 3.18.0-2 3.21.0-1 3.22.0-1
logsave 1.46.2-2 1.47.0-2 1.47.2-3
lsb-base 11.1.0 11.6 11.6
lsof 4.93.2+dfsg-1.1 4.95.0-1 4.99.4+dfsg-2
man-db 2.9.4-2 2.11.2-2 2.13.1-1
nano 5.4-2 7.2-1 8.4-1
needrestart 3.5-4 3.6-4 3.11-1
netbase 6.3 6.4 6.5
nftables 0.9.8-3.1 1.0.6-2 1.1.3-1
procps 2:3.3.17-5 2:4.0.2-3 2:4.0.4-9
prometheus-node-exporter 1.1.2+ds-2.1 1.5.0-1 1.9.0-1
readline-common 8.1-1 8.2-1.3 8.2-6
rsyslog 8.2102.0-2 8.2302.0-1 8.2504.0-1
screen 4.8.0-6 4.9.0-4 4.9.1-3
sed 4.7-1 4.9-1 4.9-2
strace 5.10-1 6.1-0.1 6.13+ds-1
sysvinit-utils 2.96-7 3.06-4 3.14-4
tar 1.34+dfsg-1 1.34+dfsg-1.2 1.35+dfsg-3.1
tcpdump 4.99.0-2 4.99.3-1 4.99.5-2
tmux 3.1c-1 3.3a-3 3.5a-3
traceroute 1:2.1.0-2 1:2.1.2-1 1:2.1.6-1
ucf 3.0043 3.0043 3.0052
unattended-upgrades 2.8 2.9.1 2.12
unzip 6.0-26 6.0-28 6.0-29
whiptail 0.52.21-4 0.52.23-1 0.52.25-1
xz-utils 5.2.5-2.1 5.4.1-0.2 5.8.1-1
zlib1g 1:1.2.11.dfsg-2 1:1.2.13.dfsg-1 1:1.3.dfsg+really1.3.1-1
`;
