"""Kinds of which there is one, and what the controller keeps about itself."""

TABLE = """
ClusterNode:
    name ip!:IpAddr vm_hostname vm_mor vm_name vm_uuid categories:[str]
cluster Cluster tenant permission=CONTROLLER singleton:
    name! nodes:[ClusterNode] virtual_ip:IpAddr rejoin_nodes_automatically:bool=true
PortalConfiguration:
    allow_basic_authentication:bool api_force_timeout:int=24 minimum_password_length:int=8
    password_strength_check:bool enable_https:bool=true enable_http:bool=true
    redirect_to_https:bool=true use_uuid_from_input:bool disable_remote_cli_shell:bool
    enable_clickjacking_protection:bool=true http_port:int=80 https_port:int=443
    sslkeyandcertificate_refs:[>sslkeyandcertificate] sslprofile_ref:>sslprofile
    disable_swagger:bool
words LicenseTier:
    ENTERPRISE ENTERPRISE_WITH_CLOUD_SERVICES ESSENTIALS BASIC ENTERPRISE_16 ENTERPRISE_18
systemconfiguration SystemConfiguration singleton:
    default_license_tier:LicenseTier=ENTERPRISE
    global_tenant_config:TenantConfiguration=+ portal_configuration:PortalConfiguration=+
    dns_configuration:any email_configuration:any ntp_configuration:any
    snmp_configuration:any linux_configuration:any admin_auth_configuration:any
    dns_virtualservice_refs:[>virtualservice] proxy_configuration:any docker_mode:bool
    fips_mode:bool@20.1.1 common_criteria_mode:bool@20.1.3 enable_cors:bool@20.1.3
    ssh_ciphers:[str] ssh_hmacs:[str] welcome_workflow_complete:bool=true
    secure_channel_configuration:any mgmt_ip_access_control:any rekey_time_limit@30.2.1
    rekey_volume_limit@30.2.1 controller_analytics_policy:any@21.1.3
controller/properties ControllerProperties permission=CONTROLLER singleton:
    api_idle_timeout:int=15 api_perf_logging_threshold:int=10000 max_seq_vnic_failures:int=3
tenantsystemconfiguration TenantSystemConfiguration tenant since=30.1.1:
    name dns_virtualservice_refs:[>virtualservice]
"""
