"""Strategies for configs and options of plugin ako: most are accepted, some are not."""

from __future__ import annotations

from typing import Any

from akoo_ako import options
from akoo_ako.releases import loading, release
from hypothesis import strategies as st

text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
name = st.sampled_from(["a", "b c", "\u00fc", '"quoted"']) | text
flag = st.booleans() | st.none()
tier1 = st.sampled_from(["/infra/tier-1s/t1", "t1", "", None])
cidr = st.sampled_from(["10.0.0.0/24", "10.0.0.7/24", "2001:db8::/64", "nonsense", "", None])


def shell(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object in which any field may be absent, or the whole may be null."""
    return st.fixed_dictionaries({}, optional=fields) | st.none()


def both(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object with all its fields."""
    return st.fixed_dictionaries(dict(fields))


EXTRA = shell(
    replicaCount=st.sampled_from([1, 2, None]),
    primaryInstance=flag,
    fullSyncFrequency=st.sampled_from(["0", "1800", "", None]),
    apiServerPort=st.integers(1, 65535) | st.none(),
    enableEvents=flag,
    disableStaticRouteSync=flag,
    cniPlugin=st.sampled_from(["antrea", "calico", "", None]),
    enableEVH=flag,
    layer7Only=flag,
    namespaceSelector=shell(labelKey=text, labelValue=text) | both(labelKey=name, labelValue=name),
    servicesAPI=flag,
    vipPerNamespace=flag,
    istioEnabled=flag,
    blockedNamespaceList=st.lists(text, max_size=3) | st.none(),
    ipFamily=st.sampled_from(["V4", "V6", "", None]),
    useDefaultSecretsOnly=flag,
    log=shell(
        logLevel=st.sampled_from(["INFO", "DEBUG", ""]),
        persistentVolumeClaim=text,
        mountPath=text | st.sampled_from(["/log", "a:b", "/etc/istio-output-certs"]),
        logFile=text,
        akoGatewayLogFile=text,
    ),
    networksConfig=shell(enableRHI=flag, bgpPeerLabels=st.lists(text, max_size=3), nsxtT1LR=tier1),
    ingress=shell(
        disableIngressClass=flag,
        defaultIngressController=flag,
        serviceType=st.sampled_from(["NodePort", "ClusterIP", "NodePortLocal", "", None]),
        shardVSSize=st.sampled_from(["SMALL", "DEDICATED", ""]),
        passthroughShardSize=st.sampled_from(["LARGE", ""]),
        nodeNetworkList=st.lists(
            shell(networkName=text, cidrs=st.lists(cidr | text, max_size=2)), max_size=6
        ),
        noPGForSNI=flag,
        enableMCI=flag,
    ),
    l4Config=shell(defaultDomain=text, autoFQDN=st.sampled_from(["default", "flat", ""])),
    nodePortSelector=shell(key=text, value=text),
    rbac=shell(pspEnabled=flag, pspPolicyAPIVersion=text),
    featureGates=shell(GatewayAPI=flag),
    somethingNewer=text,
)
SPEC = st.fixed_dictionaries(
    {"controller": st.sampled_from(["avi", "https://avi:443/x", "10.0.0.1"]) | text},
    optional={
        "cloudName": name,
        "serviceEngineGroup": name,
        "controllerVersion": st.sampled_from(["", "22", "30.2.1", "20.1.3", "v1"]),
        "tenant": shell(name=text, context=st.sampled_from(["Provider", "Tenant"])),
        "dataNetwork": shell(name=name, cidr=cidr, ipPools=st.just([])),
        "extraConfigs": EXTRA,
    },
)
wrong_label = st.sampled_from(["a b", "", "-a", "x" * 64, "a..b/c", "a.-b/c", "A/c", "a/b/c", "/c"])
label = st.sampled_from(["infra", "example.com/pool", "A.b_c-d", "x" * 63]) | wrong_label
quantity = st.sampled_from(
    ["350m", "400Mi", "1", 2, 0.5, "1e3", "1.5Gi", "+1", ".5", "1.", "1E", "1e-3"]
) | st.sampled_from(["1K", "-1", "lots", "", None, "\u0663", "."])
resource = st.sampled_from(
    ["cpu", "memory", "ephemeral-storage", "example.com/gpu", "hugepages-2Mi"]
) | st.sampled_from(["disk", "hugepages-2m", "requests.a/b", "a..b/c", "kubernetes.io/x"])
FIGURES = st.dictionaries(resource, quantity, max_size=2)
RESOURCES = st.fixed_dictionaries({}, optional={"limits": FIGURES, "requests": FIGURES})
TOLERATION = st.fixed_dictionaries(
    {},
    optional={
        "key": label,
        "operator": st.sampled_from(["Exists", "Equal", "", "Near"]),
        "value": label,
        "effect": st.sampled_from(["NoSchedule", "NoExecute", "", "Never"]),
        "tolerationSeconds": st.sampled_from([0, 300, -1, None, "300", 2**63]),
    },
)
IMAGE = st.builds(
    release.Image,
    repository=st.sampled_from(["", "registry.example.com:5000/ako", "a b", "https://a/b", "ako "]),
    tag=st.sampled_from(["", "2.1.1-custom", "a b"]),
    digest=st.sampled_from(["", "sha256:" + "0" * 64, "md5:0"]),
)
OPTIONS = st.builds(
    options.Options,
    version=st.sampled_from(loading.table().versions),
    vpc_mode=st.booleans(),
    enable_prometheus=st.booleans(),
    pod_security=st.sampled_from(["Restricted", "Vendor"]),
)
POD_OPTIONS = st.builds(
    options.Options,
    version=st.sampled_from(loading.table().versions),
    pod_security=st.sampled_from(["Restricted", "Vendor"]),
    image=st.just(release.Image()) | IMAGE,
    image_pull_secrets=st.lists(st.sampled_from(["pull", "other"]), max_size=2).map(tuple),
    node_selector=st.dictionaries(label, label, max_size=1),
    tolerations=st.lists(TOLERATION, max_size=1).map(tuple),
    resources=st.just({}) | RESOURCES,
)
"""Options of the Pod: some of them a server would refuse."""
name_of_object = st.sampled_from(["high", "a.b", "x-1"]) | st.sampled_from(["a b", "A", "a..b", ""])
CLAIM = both(
    accessModes=st.lists(
        st.sampled_from(["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod", "Any"]), max_size=2
    ),
    resources=both(requests=both(storage=quantity)),
) | st.fixed_dictionaries(
    {
        "accessModes": st.just(["ReadWriteOnce"]),
        "resources": st.just({"requests": {"storage": "1Gi"}}),
    },
    optional={"storageClassName": name_of_object},
)
some = st.sampled_from
PORT = some([1, 8080, 65535, 0, 65536, "web", "Web", "", None])
HANDLERS: dict[str, st.SearchStrategy[Any]] = {
    "exec": both(command=st.lists(some(["/bin/true", ""]), max_size=1)),
    "httpGet": st.fixed_dictionaries(
        {"port": PORT},
        optional={
            "path": some(["/", "x"]),
            "scheme": some(["HTTP", "http"]),
            "httpHeaders": st.lists(both(name=some(["X-A", "a b", ""]), value=text), max_size=1),
        },
    ),
    "tcpSocket": both(port=PORT),
}
HANDLER = st.fixed_dictionaries({}, optional=HANDLERS) | some(list(HANDLERS)).flatmap(
    lambda kind: both(**{kind: HANDLERS[kind]})
)
seconds = some([0, 1, 5, -1, 2**31, "5", True, None])
PROBE = st.fixed_dictionaries(
    {"tcpSocket": both(port=some([8080, "web"]))},
    optional={
        "periodSeconds": seconds,
        "successThreshold": seconds,
        "terminationGracePeriodSeconds": seconds,
        "grpc": both(port=PORT),
        "periodSecond": seconds,
    },
)
REFERENCE = st.fixed_dictionaries(
    {}, optional={"name": some(["a", "a.b", "A", ""]), "key": some(["a", "..", "a b", "..a", "."])}
)
SOURCES: dict[str, st.SearchStrategy[Any]] = {
    "fieldRef": both(
        fieldPath=some(
            ["metadata.name", "status.podIP", "status.hostIPs", "metadata.labels['a/b']"]
        )
        | some(["metadata.labels['a b']", "spec.x", "metadata.labels['']", "metadata.labels"])
    ),
    "secretKeyRef": REFERENCE,
    "resourceFieldRef": st.fixed_dictionaries(
        {"resource": some(["limits.cpu", "requests.memory", "limits.pods"])},
        optional={"divisor": some(["1", "1m", 1]), "containerName": some(["ako", "other"])},
    ),
}
SOURCE = some(list(SOURCES)).flatmap(lambda kind: both(**{kind: SOURCES[kind]}))
VARIABLE = st.fixed_dictionaries(
    {"name": some(["A", "a.b", "9a", "a b", "a=b", "", "_"])},
    optional={"value": text, "valueFrom": SOURCE, "secret": text},
)
OPENED = st.fixed_dictionaries(
    {"containerPort": PORT},
    optional={
        "name": some(["web", "web-1", "a--b", "-a", "1", "a" * 16, "Web"]),
        "hostPort": PORT,
        "protocol": some(["TCP", "UDP", "tcp"]),
    },
)
MOUNT = st.fixed_dictionaries(
    {"name": some(["ako-pv-storage", "other", ""]), "mountPath": some(["/a", "/b", "", "a:b"])},
    optional={
        "subPath": some(["a", "/a", "../a", "a/../b", "a..b"]),
        "subPathExpr": some(["$(A)", "../a"]),
        "mountPropagation": some(["None", "HostToContainer", "Bidirectional"]),
        "readOnly": flag,
    },
)
SECURITY = st.fixed_dictionaries(
    {},
    optional={
        "privileged": flag,
        "allowPrivilegeEscalation": flag,
        "runAsUser": seconds,
        "capabilities": both(add=st.lists(some(["CAP_SYS_ADMIN", "NET_ADMIN"]), max_size=1)),
        "procMount": some(["Default", "Unmasked"]),
        "seccompProfile": st.fixed_dictionaries(
            {"type": some(["RuntimeDefault", "Localhost", "Any"])},
            optional={"localhostProfile": some(["a.json", "/a", "../a", ""])},
        ),
    },
)
ASIDE: dict[str, st.SearchStrategy[Any]] = {
    "args": st.lists(text, max_size=1),
    "env": st.lists(VARIABLE, max_size=2),
    "envFrom": st.lists(
        st.fixed_dictionaries(
            {"secretRef": REFERENCE}, optional={"prefix": some(["A_", "9", "a b", "."])}
        ),
        max_size=1,
    ),
    "ports": st.lists(OPENED, max_size=2),
    "volumeMounts": st.lists(MOUNT, max_size=2),
    "livenessProbe": PROBE | HANDLER,
    "readinessProbe": PROBE | HANDLER,
    "lifecycle": both(preStop=HANDLER),
    "resources": RESOURCES,
    "securityContext": SECURITY,
    "imagePullPolicy": some(["Always", "always"]),
    "terminationMessagePolicy": some(["File", "Any"]),
    "workingDir": text,
    "tty": flag,
    "prots": st.just([]),
}
NAMED = {
    "name": name_of_object,
    "image": some(["registry.example.com/side:1", "registry.example.com/side:1 "]),
}
PLAIN = {"name": st.just("side"), "image": st.just("registry.example.com/side:1")}
CONTAINER = both(**NAMED) | some(list(ASIDE)).flatmap(
    lambda part: both(**PLAIN, **{part: ASIDE[part]})
)
LOGGED = st.just({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}})
PARTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "resources": RESOURCES.map(lambda drawn: {"resources": drawn}),
    "limit": st.dictionaries(resource, quantity, min_size=1, max_size=1).map(
        lambda drawn: {"resources": {"limits": drawn}}
    ),
    "node selector": st.dictionaries(label, label, min_size=1, max_size=1).map(
        lambda drawn: {"node_selector": drawn}
    ),
    "toleration": TOLERATION.map(lambda drawn: {"tolerations": (drawn,)}),
    "priority class": both(values=both(priorityClassName=name_of_object)),
    "claim": both(values=both(persistentVolumeClaimSpec=CLAIM)),
    "container": both(
        values=both(
            extraContainers=st.lists(CONTAINER, min_size=1, max_size=2),
            persistentVolumeClaimSpec=LOGGED,
        )
    ),
}
"""Options of a single part of the Pod each, beside which nothing else is refused."""
