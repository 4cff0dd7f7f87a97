"""Policies, scripts, groups."""

TABLE = """
MatchTarget:
    client_ip:IpAddrMatch source_ip:IpAddrMatch@21.1.3 path:StringMatch query:StringMatch
    host_hdr:any hdrs:[any] cookie:any method:any protocol:any version:any vs_port:PortMatch
    geo_matches:[any]@21.1.1 ip_reputation_type:any@20.1.3 bot_detection_result:any@21.1.1
    tls_fingerprint_match:any@22.1.3
PoolServer:
    ip!:IpAddr hostname port:int
HTTPSwitchingAction:
    action! pool_ref:>pool pool_group_ref:>poolgroup server:PoolServer file:any status_code
    other_status_code:int@30.2.1
HTTPRedirectAction:
    protocol!:HTTP|HTTPS host:any path:any port:int keep_query:bool=true add_string@21.1.1
    status_code=HTTP_REDIRECT_STATUS_CODE_302
HTTPRequestRule:
    name! index!:int enable:bool=true match:MatchTarget hdr_action:[any] log:bool all_headers:bool
    redirect_action:HTTPRedirectAction rewrite_url_action:any
    switching_action:HTTPSwitchingAction
HTTPRequestPolicy:
    rules:[HTTPRequestRule]
HTTPResponseRule:
    name! index!:int enable:bool=true match:MatchTarget hdr_action:[any] log:bool all_headers:bool
    loc_hdr_action:any
HTTPResponsePolicy:
    rules:[HTTPResponseRule]
HTTPSecurityRule:
    name! index!:int enable:bool=true match:MatchTarget action:any log:bool
HTTPSecurityPolicy:
    rules:[HTTPSecurityRule]
httppolicyset HTTPPolicySet tenant created_by markers:
    name! description http_request_policy:HTTPRequestPolicy
    http_response_policy:HTTPResponsePolicy http_security_policy:HTTPSecurityPolicy
    cloud_config_cksum is_internal_policy:bool geo_db_ref:any@21.1.1 ip_reputation_db_ref:any
L4ConnectionMatch:
    client_ip:IpAddrMatch port:PortMatch protocol:any
L4SelectPool:
    action_type! pool_ref:>pool pool_group_ref:>poolgroup
L4Action:
    select_pool:L4SelectPool
L4Rule:
    name! index!:int enable:bool=true match:L4ConnectionMatch action:L4Action
L4ConnectionPolicy:
    rules:[L4Rule]
l4policyset L4PolicySet tenant created_by markers permission=L4POLICYSET:
    name! description l4_connection_policy:L4ConnectionPolicy is_internal_policy:bool
    cloud_config_cksum
VSDataScript:
    evt! script!
vsdatascriptset VSDataScriptSet tenant created_by markers:
    name! description datascript:[VSDataScript] pool_refs:[>pool]
    pool_group_refs:[>poolgroup] string_group_refs:[>stringgroup] ipgroup_refs:[>ipaddrgroup]
    pki_profile_refs:[>pkiprofile]@21.1.1 ssl_profile_refs:[>sslprofile]@21.1.1
    ssl_key_certificate_refs:[>sslkeyandcertificate]@21.1.1
    protocol_parser_refs:[>protocolparser] rate_limiters:[any] geo_db_ref:any@21.1.1
    ip_reputation_db_ref:any
protocolparser ProtocolParser tenant markers shared=system:
    name! description parser_code
NetworkSecurityMatchTarget:
    client_ip:IpAddrMatch client_port:any geo_matches:[any] ip_reputation_type:any
    microservice:any vs_port:PortMatch
NetworkSecurityRule:
    name! index!:int enable!:bool action! match!:NetworkSecurityMatchTarget age:int=0 log:bool
    created_by rl_param:any
networksecuritypolicy NetworkSecurityPolicy tenant created_by markers:
    name description rules:[NetworkSecurityRule] cloud_config_cksum internal:bool@21.1.1
    geo_db_ref:any@21.1.1 ip_reputation_db_ref:any
securitypolicy SecurityPolicy tenant markers:
    name! description oper_mode=DETECTION dns_attacks:any tcp_attacks:any udp_attacks:any
natpolicy NatPolicy tenant created_by markers:
    name! description rules:[any]
dnspolicy DnsPolicy tenant created_by markers:
    name! description rule:[any] cloud_config_cksum internal:bool
wafpolicy WafPolicy tenant created_by markers shared=system:
    name! description mode=WAF_MODE_DETECTION_ONLY enable_app_learning:bool waf_profile_ref:any
    paranoia_level=WAF_PARANOIA_LEVEL_LOW
ssopolicy SSOPolicy tenant markers:
    name! type=SSO_TYPE_SAML authentication_policy:any authorization_policy:any
stringgroup StringGroup tenant markers shared=system:
    name! type!:SG_TYPE_STRING|SG_TYPE_KEYVAL=SG_TYPE_STRING kv:[KeyValue] description
    longest_match:bool
ipaddrgroup IpAddrGroup tenant markers shared=system:
    name! description addrs:[IpAddr] prefixes:[IpAddrPrefix] ranges:[IpAddrRange]
    ip_ports:[IpAddrPort] country_codes:[str] marathon_app_name marathon_service_port:int
"""
