"""Virtual services, VIPs, pools and what hangs on them."""

TABLE = """
IPNetworkSubnet:
    network_ref:>network subnet:IpAddrPrefix subnet6:IpAddrPrefix subnet_uuid subnet6_uuid
Vip:
    vip_id=0 enabled:bool=true ip_address:IpAddr ip6_address:IpAddr prefix_length:int=32
    auto_allocate_ip:bool auto_allocate_ip_type:V4_ONLY|V6_ONLY|V4_V6=V4_ONLY
    auto_allocate_floating_ip:bool avi_allocated_vip:bool avi_allocated_fip:bool
    availability_zone discovered_networks:[DiscoveredNetwork] floating_ip:IpAddr
    floating_ip6:IpAddr floating_subnet_uuid floating_subnet6_uuid
    ipam_network_subnet:IPNetworkSubnet network_ref:>network
    placement_networks:[PlacementNetwork] port_uuid subnet:IpAddrPrefix subnet6:IpAddrPrefix
    subnet_uuid subnet6_uuid
Selector:
    type! labels:[KeyValue]
vsvip VsVip tenant cloud markers permission=VIRTUALSERVICE:
    name! vip:[Vip] dns_info:[DnsServerInfo] vrf_context_ref:>vrfcontext=global
    east_west_placement:bool vsvip_cloud_config_cksum tier1_lr@20.1.1
    use_standard_alb:bool bgp_peer_labels:[str]@20.1.5 ipam_selector:Selector@20.1.3
    bgp_local_preference:int@30.2.1 bgp_num_as_path_prepend:int@30.2.1
Service:
    port!:int port_range_end:int=&port enable_ssl:bool enable_http2:bool@20.1.1
    override_application_profile_ref:>applicationprofile
    override_network_profile_ref:>networkprofile horizon_internal_ports:bool@21.1.3
    is_active_ftp_data_port:bool@22.1.1
HTTPPolicies:
    http_policy_set_ref!:>httppolicyset index!:int
L4Policies:
    l4_policy_set_ref!:>l4policyset index!:int
DnsPolicies:
    dns_policy_ref!:>dnspolicy index!:int
VSDataScripts:
    vs_datascript_set_ref!:>vsdatascriptset index!:int
ServicePoolSelector:
    service_port!:int service_port_range_end:int=&service_port service_protocol
    service_pool_ref:>pool service_pool_group_ref:>poolgroup
VHMatchRule:
    name! matches!:VHMatchTarget
VHMatchTarget:
    path:StringMatch hdrs:[any] host_hdr:any client_ip:IpAddrMatch source_ip:IpAddrMatch
    cookie:any method:any protocol:any query:any vs_port:PortMatch version:any
VHMatch:
    host! path:[StringMatch]~22.1.1 rules:[VHMatchRule]@22.1.3
SSLProfileSelector:
    client_ip_list!:IpAddrMatch ssl_profile_ref!:>sslprofile
virtualservice VirtualService tenant cloud created_by markers:
    name! type:VS_TYPE_NORMAL|VS_TYPE_VH_PARENT|VS_TYPE_VH_CHILD=VS_TYPE_NORMAL
    vh_type:VS_TYPE_VH_SNI|VS_TYPE_VH_ENHANCED=VS_TYPE_VH_SNI@20.1.3
    vh_parent_vs_ref:>virtualservice@21.1.4 vh_parent_vs_uuid~21.1.4 vh_domain_name:[str]
    vh_matches:[VHMatch]@20.1.3 enabled:bool=true traffic_enabled:bool=true description
    vsvip_ref:>vsvip services:[Service] fqdn dns_info:[DnsServerInfo]
    se_group_ref:>serviceenginegroup=Default-Group vrf_context_ref:>vrfcontext=global
    application_profile_ref:>applicationprofile=System-HTTP
    network_profile_ref:>networkprofile=System-TCP-Proxy
    server_network_profile_ref:>networkprofile
    analytics_profile_ref:>analyticsprofile=System-Analytics-Profile analytics_policy:any
    pool_ref:>pool pool_group_ref:>poolgroup service_pool_select:[ServicePoolSelector]
    http_policies:[HTTPPolicies] l4_policies:[L4Policies] vs_datascripts:[VSDataScripts]
    dns_policies:[DnsPolicies] topology_policies:[DnsPolicies]
    network_security_policy_ref:>networksecuritypolicy security_policy_ref:>securitypolicy
    ssl_key_and_certificate_refs:[>sslkeyandcertificate] ssl_profile_ref:>sslprofile
    ssl_profile_selectors:[SSLProfileSelector] ssl_sess_cache_avg_size:int=1024
    waf_policy_ref:>wafpolicy error_page_profile_ref:>errorpageprofile
    sso_policy_ref:>ssopolicy icap_request_profile_refs:[>icapprofile]@20.1.1
    sp_pool_refs:[>pool] traffic_clone_profile_ref:>trafficcloneprofile
    bot_policy_ref:any@21.1.1 jwt_config:any@20.1.3 oauth_vs_config:any@21.1.3
    saml_sp_config:any ldap_vs_config:any@21.1.1
    service_metadata cloud_config_cksum vsvip_cloud_config_cksum cloud_type=CLOUD_NONE
    active_standby_se_tag=ACTIVE_STANDBY_SE_1 flow_dist=LOAD_AWARE flow_label_type=NO_LABEL
    advertise_down_vs:bool allow_invalid_client_cert:bool bulk_sync_kvcache:bool
    bgp_peer_labels:[str]@20.1.5 close_client_conn_on_config_update:bool
    connections_rate_limit:RateProfile requests_rate_limit:RateProfile content_rewrite:any
    delay_fairness:bool east_west_placement:bool enable_autogw:bool=true enable_rhi:bool?
    enable_rhi_snat:bool? host_name_xlate ign_pool_net_reach:bool limit_doser:bool
    max_cps_per_client:int=0 min_pools_up:int nsx_securitygroup:[str] performance_limits:any
    remove_listening_port_on_vs_down:bool revoke_vip_route:bool@30.2.1 scaleout_ecmp:bool
    sideband_profile:any snat_ip:[IpAddr] snat_ip6_addresses:[IpAddr]@30.2.1
    static_dns_records:[any] use_bridge_ip_as_vip:bool use_vip_as_snat:bool weight:int=1
    azure_availability_set enable_session:bool@30.2.1 csrf_policy_ref:any@30.2.1
    ip_address:IpAddr~22.1.1 vip:[Vip]~22.1.1 auto_allocate_ip:bool~22.1.1
    bgp_local_preference:int@30.2.1 bgp_num_as_path_prepend:int@30.2.1
Server:
    ip!:IpAddr port:int hostname enabled:bool=true ratio:int=1 description
    availability_zone autoscaling_group_name external_orchestration_id external_uuid
    discovered_networks:[DiscoveredNetwork] location:any mac_address
    nw_ref:>vimgrnwruntime preference_order:int=1@22.1.1 prst_hdr_val
    resolve_server_by_dns:bool rewrite_host_header:bool server_node static:bool
    verify_network:bool vm_ref
NetworkFilter:
    network_ref!:>vimgrnwruntime server_filter
pool Pool tenant cloud created_by markers:
    name! description enabled:bool=true default_server_port:int=80 servers:[Server]
    lb_algorithm=LB_ALGORITHM_LEAST_CONNECTIONS
    lb_algorithm_hash=LB_ALGORITHM_CONSISTENT_HASH_SOURCE_IP_ADDRESS
    lb_algorithm_consistent_hash_hdr lb_algorithm_core_nonaffinity:int=2
    lb_algo_rr_per_se:bool@21.1.5 vrf_ref:>vrfcontext=global
    health_monitor_refs:[>healthmonitor]
    application_persistence_profile_ref:>applicationpersistenceprofile
    pki_profile_ref:>pkiprofile ssl_profile_ref:>sslprofile
    ssl_key_and_certificate_ref:>sslkeyandcertificate
    analytics_profile_ref:>analyticsprofile=System-Analytics-Profile analytics_policy:any
    autoscale_policy_ref:>serverautoscalepolicy autoscale_launch_config_ref:any
    autoscale_networks:[str] ipaddrgroup_ref:>ipaddrgroup networks:[NetworkFilter]
    placement_networks:[PlacementNetwork] service_metadata cloud_config_cksum
    append_port=NON_DEFAULT_80_443@21.1.1 capacity_estimation:bool
    capacity_estimation_ttfb_thresh:int=0 conn_pool_properties:any
    connection_ramp_duration:int=10 delete_server_on_dns_refresh:bool=true
    domain_name:[str] east_west:bool? enable_http2:bool@20.1.1 external_autoscale_groups:[str]
    fail_action:FailAction fewest_tasks_feedback_delay:int=10
    graceful_disable_timeout:int=1 graceful_hm_down_disable_timeout:int=-1@30.2.1
    gslb_sp_enabled:bool horizon_profile:any@21.1.3 host_check_enabled:bool
    http2_properties:any@21.1.1 ignore_server_port:bool@20.1.1 inline_health_monitor:bool=true
    lookup_server_by_name:bool max_concurrent_connections_per_server:int=0
    max_conn_rate_per_server:RateProfile min_health_monitors_up:int min_servers_up:int
    nsx_securitygroup:[str] pool_type=POOL_TYPE_GENERIC_APP@22.1.1
    request_queue_depth:int=128 request_queue_enabled:bool resolve_pool_by_dns:bool
    rewrite_host_header_to_server_name:bool rewrite_host_header_to_sni:bool
    routing_pool:bool@20.1.1 server_disable_type=DISALLOW_NEW_CONNECTION@21.1.1
    server_name server_reselect:any server_timeout:int=0 sni_enabled:bool=true
    sp_gs_info:any@22.1.3 tier1_lr@20.1.1 use_service_port:bool
    use_service_ssl_mode:bool@21.1.1 server_count:int~22.1.1
PoolGroupMember:
    pool_ref!:>pool ratio:int=1 priority_label deployment_state
poolgroup PoolGroup tenant cloud created_by markers:
    name! description members:[PoolGroupMember] cloud_config_cksum service_metadata
    fail_action:FailAction min_servers:int=0 implicit_priority_labels:bool
    priority_labels_ref:>prioritylabels deployment_policy_ref:>poolgroupdeploymentpolicy
    enable_http2:bool@20.1.1 deactivate_primary_pool_on_down:bool@20.1.7
prioritylabels PriorityLabels tenant cloud markers:
    name! description equivalent_labels:[any]
poolgroupdeploymentpolicy PoolGroupDeploymentPolicy tenant markers:
    name! description evaluation_duration:int=300 rules:[any] scheme
    target_test_traffic_ratio:int=100 test_traffic_ratio_rampup:int=100
    auto_disable_old_prod_pools:bool=true
serverautoscalepolicy ServerAutoScalePolicy tenant markers permission=AUTOSCALE:
    name! description min_size:int=0 max_size:int=400 intelligent_autoscale:bool
    scalein_cooldown:int=300 scaleout_cooldown:int=300
"""
