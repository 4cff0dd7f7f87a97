"""All Avi objects that AKO wants for what is in its cluster; pure."""

from akoo_testbed.akosim.config import Config
from akoo_testbed.akosim.objects import layer4, model, names
from akoo_testbed.akosim.objects.layer7 import Layer7
from akoo_testbed.akosim.objects.maker import BootUuids, Maker
from akoo_testbed.akosim.objects.passthrough import Passthrough
from akoo_testbed.akosim.objects.status import Hosts
from akoo_testbed.akosim.world import World


def desired(config: Config, uuids: BootUuids, world: World) -> list[model.Wanted]:
    """The wanted objects, in no particular order; each key once.

    What has too long a name is left out; what refers to it will be refused by Avi.
    """
    maker = Maker(config, uuids)
    made = [
        *layer4.desired(maker, world),
        *Layer7(maker, world).desired(),
        *Passthrough(maker, world).desired(),
    ]
    short = [each for each in made if len(each.key.name) <= names.NAME_LIMIT]
    return list({each.key: each for each in short}.values())


def served(maker: Maker, world: World) -> Hosts:
    """The hosts of each Ingress, and where they are served."""
    return {**Layer7(maker, world).hosts(), **Passthrough(maker, world).hosts()}
