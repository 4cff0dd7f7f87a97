"""Tenants, roles and users."""

TABLE = """
tenant Tenant created_by:
    name! description local:bool=true config_settings:TenantConfiguration=+
    attrs:[KeyValue]@30.1.1 enforce_label_group:bool@20.1.5
    label_group_refs:[>labelgroup]@20.1.5
Permission:
    resource! type!:NO_ACCESS|READ_ACCESS|WRITE_ACCESS subresource:any@20.1.5
RoleFilter:
    name enabled:bool=true match_label!:RoleFilterMatchLabel
    match_operation:RoleFilterOperation=ROLE_FILTER_EQUALS
words RoleFilterOperation:
    ROLE_FILTER_EQUALS ROLE_FILTER_DOES_NOT_EQUAL
    ROLE_FILTER_GLOB_MATCH ROLE_FILTER_GLOB_DOES_NOT_MATCH
role Role tenant shared=all:
    name! privileges:[Permission] filters:[RoleFilter]@20.1.3
    allow_unlabelled_access:bool=true@20.1.5
UserRole:
    role_ref:>role tenant_ref:>tenant all_tenants:bool object_access_policy_ref:any~22.1.1
user User:
    name! username password:secret password_history:[secret] access:[UserRole]
    default_tenant_ref:>tenant email full_name is_superuser:bool local:bool=true
    user_profile_ref:>useraccountprofile=Default-User-Account-Profile ui_property uid:int
    is_active:bool=true@30.1.1 service_user:bool@30.1.1 passwordless:bool@30.1.1
    is_staff:bool@30.1.1 is_internal_user:bool@30.1.1 enable_config_warnings:bool=true@31.2.1
useraccountprofile UserAccountProfile permission=USER:
    name! account_lock_timeout:int=30 credentials_timeout_threshold:int=180
    login_failure_count_expiry_window:int=0@22.1.1 max_concurrent_sessions:int=0
    max_login_failure_count:int=3 max_password_history_count:int=4
labelgroup LabelGroup since=20.1.9:
    name! labels:[any]
objectaccesspolicy ObjectAccessPolicy tenant permission=ROLE:
    name! rules:[any]
"""
