#!/bin/sh
# Prepare Vault or OpenBao for akoo-core: a KV mount, a policy, a login, a role. Idempotent.
#
#   LOGIN=kubernetes KUBERNETES_HOST=https://10.0.0.1:6443 KUBERNETES_CA=ca.crt REVIEWER=reviewer.jwt \
#     sh setup.sh
#   LOGIN=jwt PUBLIC_KEY=sa.pub sh setup.sh
#
# It needs a token of an administrator (VAULT_ADDR, VAULT_TOKEN and VAULT_CACERT, or BAO_...), and the
# program bao or vault. VAULT_NAMESPACE puts everything into a namespace.
set -eu

MOUNT="${MOUNT:-akoo}"                       # plugins.tenancy.vault.mount
PREFIX="${PREFIX:-akoo-core}"                # plugins.tenancy.vault.prefix
LOGIN="${LOGIN:-kubernetes}"                 # kubernetes or jwt
AUTH_MOUNT="${AUTH_MOUNT:-$LOGIN}"           # plugins.tenancy.vault.login.mount
ROLE="${ROLE:-akoo-core}"                    # plugins.tenancy.vault.login.role
POLICY="${POLICY:-akoo-core}"
SERVICE_ACCOUNT="${SERVICE_ACCOUNT:-akoo-core}"
SERVICE_ACCOUNT_NAMESPACE="${SERVICE_ACCOUNT_NAMESPACE:-akoo-system}"
AUDIENCE="${AUDIENCE:-vault}"                # audience of the projected token

vault() { "$program" "$@" >/dev/null; }
program="$(command -v bao || command -v vault)" || { echo "neither bao nor vault is installed" >&2; exit 1; }

# The mount. A write without check-and-set is refused; nothing expires: it would be a live password.
"$program" secrets list -format=yaml | grep -q "^\"\{0,1\}$MOUNT/" ||
  vault secrets enable -path="$MOUNT" -version=2 kv
tries=0
until vault write "$MOUNT/config" cas_required=true max_versions=20 2>/dev/null; do
  tries=$((tries + 1)) # a new mount is made in two steps
  [ "$tries" -lt 10 ] || { vault write "$MOUNT/config" cas_required=true max_versions=20; exit 1; }
  sleep 1
done

# The policy: our folder, and the own token. No deletion of metadata: the count of versions would begin
# anew, and a writer that was asleep could overwrite a live password.
vault policy write "$POLICY" - <<EOF
path "$MOUNT/data/$PREFIX/*"     { capabilities = ["create", "read", "update"] }
path "$MOUNT/metadata/$PREFIX/*" { capabilities = ["read", "list"] }
path "$MOUNT/destroy/$PREFIX/*"  { capabilities = ["update"] }
path "auth/token/lookup-self"    { capabilities = ["read"] }
path "auth/token/renew-self"     { capabilities = ["update"] }
path "auth/token/revoke-self"    { capabilities = ["update"] }
EOF

"$program" auth list -format=yaml | grep -q "^\"\{0,1\}$AUTH_MOUNT/" ||
  vault auth enable -path="$AUTH_MOUNT" "$LOGIN"
case "$LOGIN" in
kubernetes)
  # The reviewer asks the API server about tokens (ClusterRole system:auth-delegator). Its token must
  # not expire, and must be one for the API server itself, not for AUDIENCE.
  vault write "auth/$AUTH_MOUNT/config" kubernetes_host="$KUBERNETES_HOST" \
    kubernetes_ca_cert=@"$KUBERNETES_CA" token_reviewer_jwt=@"$REVIEWER" disable_local_ca_jwt=true
  vault write "auth/$AUTH_MOUNT/role/$ROLE" \
    bound_service_account_names="$SERVICE_ACCOUNT" \
    bound_service_account_namespaces="$SERVICE_ACCOUNT_NAMESPACE" audience="$AUDIENCE" \
    token_policies="$POLICY" token_no_default_policy=true token_ttl=20m token_max_ttl=1h
  ;;
jwt)
  # The key that signs the tokens of ServiceAccounts (kubeadm: /etc/kubernetes/pki/sa.pub).
  vault write "auth/$AUTH_MOUNT/config" jwt_validation_pubkeys=@"$PUBLIC_KEY"
  vault write "auth/$AUTH_MOUNT/role/$ROLE" role_type=jwt user_claim=sub \
    bound_subject="system:serviceaccount:$SERVICE_ACCOUNT_NAMESPACE:$SERVICE_ACCOUNT" \
    bound_audiences="$AUDIENCE" \
    token_policies="$POLICY" token_no_default_policy=true token_ttl=20m token_max_ttl=1h
  ;;
*)
  echo "LOGIN is $LOGIN, but must be kubernetes or jwt" >&2
  exit 1
  ;;
esac
echo "akoo-core may log in at auth/$AUTH_MOUNT with role $ROLE, and keep records in $MOUNT/$PREFIX."
