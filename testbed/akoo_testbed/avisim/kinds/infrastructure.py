"""Clouds, networks, routing, IPAM, service engines."""

TABLE = """
StaticIpRange:
    range!:IpAddrRange
    type:STATIC_IPS_FOR_VIP|STATIC_IPS_FOR_SE|STATIC_IPS_FOR_VIP_AND_SE=STATIC_IPS_FOR_VIP_AND_SE
Subnet:
    prefix!:IpAddrPrefix static_ip_ranges:[StaticIpRange]@20.1.3
    static_ips:[IpAddr]~22.1.1 static_ranges:[IpAddrRange]~22.1.1
network Network tenant cloud markers shared=all unique=unbacked:
    name! configured_subnets:[Subnet] dhcp_enabled:bool=true
    ip6_autocfg_enabled:bool=true exclude_discovered_subnets:bool synced_from_se:bool
    vcenter_dvs:bool=true vimgrnw_ref:>vimgrnwruntime vrf_context_ref:>vrfcontext=global
    attrs:[KeyValue]@20.1.1 labels:[KeyValue]~22.1.1
IPSubnetRuntime:
    prefix!:IpAddrPrefix fip_available:bool ip_subnet name primary:bool ref_count:int
    se_ref_count:int uuid
VlanRange:
    start!:int end!:int
vimgrnwruntime VIMgrNWRuntime tenant cloud permission=NETWORK shared=all unique=none readonly:
    name! managed_object_id! type!=CLOUD_VCENTER dvs:bool? switch_name vlan:int
    vlan_range:[VlanRange] datacenter_uuid host_refs:[str] vm_refs:[str] num_ports:int
    ip_subnet:[IPSubnetRuntime] vrf_context_ref:>vrfcontext MgmtNW:bool? auto_expand:bool
    interested_nw:bool
nsxtsegmentruntime NsxtSegmentRuntime tenant cloud permission=NETWORK shared=all readonly:
    name! segment_id segname nw_name nw_ref:>network vrf_context_ref:>vrfcontext tier1_id
    opaque_network_id vlan_ids:[str] segment_gw dhcp_enabled:bool
StaticRoute:
    route_id! prefix!:IpAddrPrefix next_hop!:IpAddr if_name disable_gateway_monitor:bool
    labels:[KeyValue]@20.1.1
BgpPeer:
    advertise_snat_ip:bool=true advertise_vip:bool=true advertisement_interval:int=5
    bfd:bool=true connect_timer:int=10 ebgp_multihop:int=0 hold_time:int
    ibgp_local_as_override:bool keepalive_interval:int label local_as:int md5_secret:masked
    network_ref:>network peer_ip:IpAddr peer_ip6:IpAddr remote_as:int shutdown:bool
    subnet:IpAddrPrefix subnet6:IpAddrPrefix
BgpProfile:
    ibgp!:bool local_as!:int peers:[BgpPeer] hold_time:int=180 keepalive_interval:int=60
    send_community:bool=true shutdown:bool community:[str] ip_communities:[any]
    local_preference:int num_as_path_prepend:int routing_options:[any]
vrfcontext VrfContext tenant cloud markers shared=all:
    name! description static_routes:[StaticRoute] bgp_profile:BgpProfile bfd_profile:any
    attrs:[KeyValue]@20.1.2 gateway_mon:[any] internal_gateway_monitor:any
    lldp_enable:bool=true@18.2.10 system_default:bool debugvrfcontext:any
    labels:[KeyValue]~22.1.1
IpamUsableNetwork:
    nw_ref!:>network labels:[KeyValue]
DnsServiceDomain:
    domain_name! pass_through:bool=true record_ttl:int
IpamDnsInternalProfile:
    usable_networks:[IpamUsableNetwork]@20.1.3 usable_network_refs:[>network]~22.1.1
    dns_service_domain:[DnsServiceDomain] dns_virtualservice_ref:>virtualservice ttl:int=30
IpamDnsInfobloxProfile:
    ip_address:IpAddr username! password!:masked dns_view network_view wapi_version=2.0
    usable_domains:[str] usable_alloc_subnets:[any]
CustomIpamDnsParameters:
    custom_ipam_dns_profile_ref:>customipamdnsprofile dynamic_params:[CustomParams]
    usable_domains:[str] usable_alloc_subnets:[any]
ipamdnsproviderprofile IpamDnsProviderProfile tenant markers shared=all:
    name! type! allocate_ip_in_vrf:bool internal_profile:IpamDnsInternalProfile
    infoblox_profile:IpamDnsInfobloxProfile custom_profile:CustomIpamDnsParameters
    aws_profile:any azure_profile:any gcp_profile:any openstack_profile:any oci_profile:any
    tencent_profile:any proxy_configuration:any
customipamdnsprofile CustomIpamDnsProfile tenant:
    name! script_uri script_params:[CustomParams]
VCenterConfiguration:
    vcenter_url username password:masked datacenter datacenter_managed_object_id@30.2.1
    privilege:WRITE_ACCESS|READ_ACCESS|NO_ACCESS=WRITE_ACCESS
    management_network:>vimgrnwruntime management_ip_subnet:any
    deactivate_vm_discovery:bool@20.1.3 use_content_lib:bool=true@21.1.1 content_lib:any
    vcenter_template_se_location is_nsx_environment:bool@21.1.3
NsxtConfiguration:
    nsxt_url nsxt_credentials_ref:>cloudconnectoruser site_id=default domain_id=default
    enforcementpoint_id=default automate_dfw_rules:bool management_network_config:any
    data_network_config:any vpc_mode:bool@30.1.1
words CloudType:
    CLOUD_NONE CLOUD_VCENTER CLOUD_NSXT CLOUD_AWS CLOUD_AZURE CLOUD_GCP CLOUD_OPENSTACK
    CLOUD_LINUXSERVER CLOUD_VCA CLOUD_RANCHER CLOUD_DOCKER_UCP
cloud Cloud tenant markers shared=all:
    name!
    vtype!:CloudType=CLOUD_NONE
    dhcp_enabled:bool ip6_autocfg_enabled:bool mtu:int=1500 obj_name_prefix
    ipam_provider_ref:>ipamdnsproviderprofile dns_provider_ref:>ipamdnsproviderprofile
    east_west_ipam_provider_ref:>ipamdnsproviderprofile
    east_west_dns_provider_ref:>ipamdnsproviderprofile
    se_group_template_ref:>serviceenginegroup vcenter_configuration:VCenterConfiguration
    nsxt_configuration:NsxtConfiguration@20.1.1 aws_configuration:any azure_configuration:any
    gcp_configuration:any openstack_configuration:any linuxserver_configuration:any
    vca_configuration:any docker_configuration:any rancher_configuration:any
    custom_tags:[any] dns_resolvers:[any]@20.1.5 dns_resolution_on_se:bool
    enable_vip_on_all_interfaces:bool enable_vip_static_routes:bool
    prefer_static_routes:bool state_based_dns_registration:bool=true
    license_tier license_type maintenance_mode:bool@20.1.7
    metrics_polling_interval:int=300@22.1.1
    autoscale_polling_interval:int=60 proxy_configuration:any ntp_configuration:any@22.1.1
    vmc_deployment:bool@20.1.5 mgmt_ip_v4_enabled:bool=true@30.2.1 mgmt_ip_v6_enabled:bool@30.2.1
cloudconnectoruser CloudConnectorUser tenant permission=USER_CREDENTIAL shared=all:
    name! vcenter_credentials:any nsxt_credentials:any password_credentials:any
    private_key:secret public_key azure_serviceprincipal:any azure_userpass:any
vcenterserver VCenterServer tenant cloud permission=CLOUD shared=all since=20.1.1:
    name! vcenter_url vcenter_credentials_ref:>cloudconnectoruser content_lib:any
VCenterPlacement:
    vcenter_ref!:>vcenterserver vcenter_folder nsxt_clusters:any nsxt_datastores:any
    nsxt_hosts:any clusters:[any]
serviceenginegroup ServiceEngineGroup tenant cloud markers shared=all:
    name! description labels:[KeyValue]@20.1.1
    ha_mode:HA_MODE_SHARED_PAIR|HA_MODE_SHARED|HA_MODE_LEGACY_ACTIVE_STANDBY=HA_MODE_SHARED
    algo:PLACEMENT_ALGO_PACKED|PLACEMENT_ALGO_DISTRIBUTED=PLACEMENT_ALGO_PACKED
    max_se:int=10 min_se:int=1 max_vs_per_se:int=10 min_scaleout_per_vs:int=1
    max_scaleout_per_vs:int=4 buffer_se:int=1 vcpus_per_se:int=1 memory_per_se:int=2048
    disk_per_se:int=15 se_name_prefix=Avi se_deprovision_delay:int=120 active_standby:bool
    auto_rebalance:bool auto_rebalance_interval:int=300 dedicated_dispatcher_core:bool
    host_gateway_monitor:bool least_load_core_selection:bool=true hm_on_standby:bool=true
    max_cpu_usage:int=80 mgmt_network_ref:>network mgmt_subnet:any placement_mode
    cpu_reserve:bool mem_reserve:bool=true license_tier license_type vcenter_folder=AviSeFolder
    vcenter_datastore_mode=VCENTER_DATASTORE_ANY vcenter_datastores:[any]
    vcenter_clusters:any vcenter_hosts:any vcenters:[VCenterPlacement]@20.1.1
    custom_tag:[any] hypervisor instance_flavor realtime_se_metrics:any
    enable_routing:bool~22.1.1 extra_config_multiplier:float=0.0
    objsync_port:int=9001@21.1.3 advertise_backend_networks:bool~22.1.1
VNic:
    if_name mac_address enabled:bool=true is_mgmt:bool connected:bool network_ref:>network
    vrf_ref:>vrfcontext vnic_networks:[any] adapter mtu:int=1500
serviceengine ServiceEngine tenant cloud shared=all:
    name availability_zone container_mode:bool controller_created:bool controller_ip
    enable_state=SE_STATE_ENABLED flavor host_ref hypervisor
    se_group_ref:>serviceenginegroup=Default-Group mgmt_vnic:VNic data_vnics:[VNic] resources:any
"""
