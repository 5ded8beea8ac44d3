"""Parts of a configuration in docs/providers.md, which nobody here can sign in with: the gateway takes them."""

import re
import subprocess

import pytest

from gateway import ROOT, binary

BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs" / "providers.md").read_text(), re.M | re.S)
REST = "clusters: [{name: prod, masters: ['http://127.0.0.1:8080']}]\nstore: 'memory:'\n"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: re.search(r"issuer: https://([\w.]+)", block).group(1))
def test_configuration_of_a_provider_is_accepted(block, tmp_path):
    (tmp_path / "oidc-secret").write_text("a-client-secret-of-the-tests")
    (tmp_path / "oidc-secret").chmod(0o600)
    config = tmp_path / "sparkgate.yaml"
    config.write_text(block.replace("/etc/sparkgate/", f"{tmp_path}/") + REST)
    done = subprocess.run([str(binary()), "--config", str(config), "--check"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
