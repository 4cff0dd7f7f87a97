"""Messages that several kinds use."""

TABLE = """
KeyValue:
    key! value
RoleFilterMatchLabel:
    key! values:[str]
IpAddr:
    addr! type!:V4|V6|DNS
IpAddrPrefix:
    ip_addr!:IpAddr mask!:int
IpAddrRange:
    begin!:IpAddr end!:IpAddr
IpAddrPort:
    hostname ip:IpAddr name port!:int
PortRange:
    start!:int end!:int
FailAction:
    type! local_rsp:any redirect:any
RateProfile:
    action:any explicit_tracking:bool fine_grain:bool http_cookie http_header
    rate_limiter:any
CustomParams:
    name! value is_dynamic:bool is_sensitive:bool
IpAddrMatch:
    match_criteria!:IS_IN|IS_NOT_IN addrs:[IpAddr] group_refs:[>ipaddrgroup]
    prefixes:[IpAddrPrefix] ranges:[IpAddrRange]
PortMatch:
    match_criteria!:IS_IN|IS_NOT_IN ports:[int]
StringMatch:
    match_criteria match_case:SENSITIVE|INSENSITIVE=INSENSITIVE match_str:[str]
    match_decoded_string:bool=true@22.1.3 string_group_refs:[>stringgroup]
TenantConfiguration:
    se_in_provider_context:bool=true tenant_access_to_provider_se:bool=true tenant_vrf:bool
    license_quota:LicenseQuota@31.2.1
LicenseQuota:
    limit:int=-1 reservation:int=0
DnsServerInfo:
    fqdn type=DNS_RECORD_A ttl:int algorithm=DNS_RECORD_RESPONSE_CONSISTENT_HASH
    cname:any metadata num_records_in_response:int=1
DiscoveredNetwork:
    network_ref!:>network subnet:[IpAddrPrefix] subnet6:[IpAddrPrefix]
PlacementNetwork:
    network_ref!:>network subnet:IpAddrPrefix subnet6:IpAddrPrefix
SSLCertificateDescription:
    common_name country distinguished_name email_address locality organization
    organization_unit state
SSLKeyParams:
    algorithm=SSL_KEY_ALGORITHM_RSA ec_params:any rsa_params:any
SSLCertificate:
    certificate certificate_signing_request chain_verified:bool days_until_expire:int=365
    expiry_status=SSL_CERTIFICATE_GOOD fingerprint issuer:SSLCertificateDescription
    key_params:SSLKeyParams not_after not_before public_key self_signed:bool serial_number
    signature signature_algorithm subject:SSLCertificateDescription subject_alt_names:[str]
    text version
HealthMonitorSSLAttributes:
    pki_profile_ref:>pkiprofile server_name ssl_key_and_certificate_ref:>sslkeyandcertificate
    ssl_profile_ref:>sslprofile
"""
