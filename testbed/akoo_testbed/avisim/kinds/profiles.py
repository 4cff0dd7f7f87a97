"""Profiles, monitors, certificates."""

TABLE = """
CertificateAuthority:
    ca_ref:>sslkeyandcertificate name
sslkeyandcertificate SSLKeyAndCertificate tenant created_by markers shared=system:
    name! certificate!:SSLCertificate key:masked key_passphrase:masked key_base64:bool
    certificate_base64:bool key_params:SSLKeyParams ca_certs:[CertificateAuthority]
    type=SSL_CERTIFICATE_TYPE_VIRTUALSERVICE status=SSL_CERTIFICATE_FINISHED
    format:SSL_PEM|SSL_PKCS12=SSL_PEM dynamic_params:[CustomParams]
    certificate_management_profile_ref:>certificatemanagementprofile
    enable_ocsp_stapling:bool@20.1.1 ocsp_config:any@20.1.1
    ocsp_error_status=OCSP_ERR_CERTSTATUS_DISABLED@20.1.1 is_federated:bool@22.1.3
    hardwaresecuritymodulegroup_ref:any import_key_to_hsm:bool@22.1.1
certificatemanagementprofile CertificateManagementProfile tenant markers:
    name! script_path run_script_ref:any script_params:[CustomParams]
pkiprofile PKIProfile tenant created_by markers shared=system:
    name! ca_certs:[SSLCertificate] crls:[any] crl_check:bool=true ignore_peer_chain:bool
    is_federated:bool validate_only_leaf_crl:bool=true crl_file_refs:[any]@30.2.1
    allow_pki_errors:[str]@30.1.1
SSLVersion:
    type!
sslprofile SSLProfile tenant markers shared=system:
    name! description accepted_ciphers=AES:3DES:RC4 accepted_versions:[SSLVersion]
    cipher_enums:[str] ciphersuites enable_ssl_session_reuse:bool=true
    prefer_client_cipher_ordering:bool send_close_notify:bool=true ssl_session_timeout:int=86400
    type=SSL_PROFILE_TYPE_APPLICATION tags:[any] ssl_rating:any dhparam enable_early_data:bool
    ec_named_curve=auto@21.1.1 signature_algorithm=auto@21.1.1 is_federated:bool@22.1.3
CompressionFilter:
    name! index!:int match! level! ip_addrs_ref:>ipaddrgroup devices_ref:>stringgroup
    ip_addr_prefixes:[IpAddrPrefix] ip_addr_ranges:[IpAddrRange] user_agent:[str]
CompressionProfile:
    compression:bool type=AUTO_COMPRESSION remove_accept_encoding_header:bool=true
    compressible_content_ref:>stringgroup mobile_str_ref:>stringgroup filter:[CompressionFilter]
HTTPCacheConfig:
    enabled:bool mime_types_group_refs:[>stringgroup] mime_types_block_group_refs:[>stringgroup]
    max_object_size:int=4194304 min_object_size:int=100 default_expire:int=600
    uri_non_cacheable:any
HTTPApplicationProfile:
    connection_multiplexing_enabled:bool=true xff_enabled:bool=true
    xff_alternate_name=X-Forwarded-For ssl_everywhere_enabled:bool http_to_https:bool
    hsts_enabled:bool hsts_max_age:int=365 secure_cookie_enabled:bool httponly_enabled:bool
    server_side_redirect_to_https:bool x_forwarded_proto_enabled:bool
    websockets_enabled:bool=true ssl_client_certificate_mode=SSL_CLIENT_CERTIFICATE_NONE
    ssl_client_certificate_action:any pki_profile_ref:>pkiprofile
    compression_profile:CompressionProfile cache_config:HTTPCacheConfig
    keepalive_timeout:int=30000 keepalive_header:bool client_max_header_size:int=12
    client_max_request_size:int=48 client_max_body_size:int=0 client_header_timeout:int=10000
    client_body_timeout:int=30000 post_accept_timeout:int=30000
    max_rps_cip:int max_rps_uri:int respond_with_100_continue:bool=true
    use_app_keepalive_timeout:bool spdy_enabled:bool~18.1.1 http2_profile:any
    true_client_ip:any@21.1.3 use_true_client_ip:bool@21.1.3 session_config:any@21.1.1
TCPApplicationProfile:
    proxy_protocol_enabled:bool proxy_protocol_version pki_profile_ref:>pkiprofile
    ssl_client_certificate_mode=SSL_CLIENT_CERTIFICATE_NONE
words ApplicationProfileType:
    APPLICATION_PROFILE_TYPE_L4 APPLICATION_PROFILE_TYPE_HTTP APPLICATION_PROFILE_TYPE_SYSLOG
    APPLICATION_PROFILE_TYPE_DNS APPLICATION_PROFILE_TYPE_SSL APPLICATION_PROFILE_TYPE_SIP
applicationprofile ApplicationProfile tenant created_by markers shared=system:
    name!
    type!:ApplicationProfileType
    description http_profile:HTTPApplicationProfile tcp_app_profile:TCPApplicationProfile
    dns_service_profile:any dos_rl_profile:any sip_service_profile:any cloud_config_cksum
    preserve_client_ip:bool preserve_client_port:bool preserve_dest_ip_port:bool@20.1.1
    app_service_type@21.1.3 l4_ssl_profile:any@22.1.2
words PersistenceType:
    PERSISTENCE_TYPE_CLIENT_IP_ADDRESS PERSISTENCE_TYPE_HTTP_COOKIE PERSISTENCE_TYPE_TLS
    PERSISTENCE_TYPE_CLIENT_IPV6_ADDRESS PERSISTENCE_TYPE_CUSTOM_HTTP_HEADER
    PERSISTENCE_TYPE_APP_COOKIE PERSISTENCE_TYPE_GSLB_SITE
applicationpersistenceprofile ApplicationPersistenceProfile tenant markers shared=system:
    name!
    persistence_type!:PersistenceType=PERSISTENCE_TYPE_CLIENT_IP_ADDRESS
    description server_hm_down_recovery=HM_DOWN_PICK_NEW_SERVER is_federated:bool
    app_cookie_persistence_profile:any hdr_persistence_profile:any
    http_cookie_persistence_profile:any ip_persistence_profile:any
HealthMonitorHttp:
    http_request http_response_code:[str] http_response http_request_body
    http_method http_headers:[str] response_size:int exact_http_request:bool
    maintenance_code:[int] maintenance_response auth_type
    ssl_attributes:HealthMonitorSSLAttributes
healthmonitor HealthMonitor tenant markers shared=system:
    name! type! description send_interval:int=10 receive_timeout:int=4
    successful_checks:int=2 failed_checks:int=2 monitor_port:int is_federated:bool
    disable_quickstart:bool allow_duplicate_monitors:bool? http_monitor:HealthMonitorHttp
    https_monitor:HealthMonitorHttp tcp_monitor:any udp_monitor:any dns_monitor:any
    external_monitor:any sip_monitor:any radius_monitor:any sctp_monitor:any@22.1.3
    imap_monitor:any@21.1.1 imaps_monitor:any@21.1.1 pop3_monitor:any@21.1.1
    pop3s_monitor:any@21.1.1 smtp_monitor:any@21.1.1 smtps_monitor:any@21.1.1
    ftp_monitor:any@21.1.3 ftps_monitor:any@21.1.3 ldap_monitor:any@21.1.3
    ldaps_monitor:any@21.1.3 authentication:any@20.1.1
NetworkProfileUnion:
    type! tcp_fast_path_profile:any tcp_proxy_profile:any udp_fast_path_profile:any
    udp_proxy_profile:any sctp_fast_path_profile:any sctp_proxy_profile:any
networkprofile NetworkProfile tenant markers shared=system:
    name! profile!:NetworkProfileUnion description connection_mirror:bool
analyticsprofile AnalyticsProfile tenant markers shared=system:
    name! description apdex_response_threshold:int=500 apdex_rtt_threshold:int=250
    apdex_response_tolerated_factor:float=4.0 apdex_rtt_tolerated_factor:float=4.0
    conn_lossy_timeo_rexmt_threshold:int=20 exclude_http_error_codes:[int] ranges:[any]
    resp_code_block:[str] client_log_config:any sensitive_log_profile:any
    enable_vs_analytics:bool=true@20.1.3 enable_se_analytics:bool=true@20.1.3
errorpageprofile ErrorPageProfile tenant markers:
    name! app_name company_name host_name error_pages:[any]
trafficcloneprofile TrafficCloneProfile tenant cloud markers:
    name! clone_servers:[any] preserve_client_ip:bool
authprofile AuthProfile tenant markers:
    name! type! description ldap:any saml:any tacacs_plus:any oauth_profile:any jwt_profile_ref:any
icapprofile IcapProfile tenant cloud since=20.1.1:
    name! description service_uri vendor pool_group_ref:>poolgroup buffer_size:int=51200
"""
