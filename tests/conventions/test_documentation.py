# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What README.md and docs/ show is real: playbooks that Ansible takes, options that exist, reasons that there are, links that lead somewhere."""

from __future__ import annotations

import glob
import json
import os
import pathlib
import re
import subprocess

import matrix
import pytest
import shared_return
import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGES = sorted(glob.glob(os.path.join(ROOT, "*.md")) + glob.glob(os.path.join(ROOT, "docs", "*.md")))
# The folder of each kind of plugin that users name
FOLDERS = {"module": "modules", "inventory": "inventory", "callback": "callback"}
PLUGINS_OF = {
    kind: sorted(os.path.splitext(os.path.basename(path))[0] for path in glob.glob(os.path.join(ROOT, "plugins", folder, "*.py")))
    for kind, folder in FOLDERS.items()
}
PLUGINS = [name for names in PLUGINS_OF.values() for name in names]
NAMESPACE = "cloudsec.securityhub."
# Where pictures are shown from
RAW = "https://raw.githubusercontent.com/cloudsec/cloudsec.securityhub"
# In the order of their columns in docs/playbooks.md
PLAYBOOKS = ("onboard", "offboard", "coverage", "accept")
RULEBOOKS = ("invited", "invited_controller", "pending", "pending_controller")


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as stream:
        return stream.read()


def snippets(language):
    """Each code block of a language, with the page and line that it is from."""
    found = []
    for page in PAGES:
        text = read(page)
        for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            name = f"{os.path.relpath(page, ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
            found.append(pytest.param(match.group(1), id=name))
    return found


def is_playbook(content):
    return isinstance(content, list)


def is_variables(content):
    return isinstance(content, dict) and all(name.startswith("securityhub_") for name in content)


def tasks_of(node):
    """Every task in a playbook, blocks looked into."""
    for entry in node:
        for name in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            yield from tasks_of(entry.get(name) or [])
        if "hosts" not in entry:
            yield entry


@pytest.fixture(scope="session")
def options():
    """The names and aliases of each plugin's options."""
    known = {}
    for kind, plugins in PLUGINS_OF.items():
        names = [NAMESPACE + name for name in plugins]
        ended = subprocess.run(["ansible-doc", "--type", kind, "--json", *names], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True)
        for name, plugin in json.loads(ended.stdout).items():
            known[name] = {word for option, about in plugin["doc"]["options"].items() for word in [option, *about.get("aliases", [])]}
    return known


@pytest.mark.parametrize("snippet", snippets("yaml"))
def test_yaml_is_understood(snippet, options, tmp_path):
    content = yaml.safe_load(snippet)
    if is_playbook(content) and "sources" in content[0]:
        [[(name, given)]] = [source.items() for source in content[0]["sources"]]
        documentation = read("extensions", "eda", "plugins", "event_source", name.removeprefix(NAMESPACE) + ".py").split('"""')[3]
        assert set(given) <= set(yaml.safe_load(documentation)["options"])
    elif is_playbook(content):
        path = tmp_path / "playbook.yml"
        path.write_text(snippet, encoding="utf-8")
        command = ["ansible-playbook", "--syntax-check", "-i", "localhost,", str(path)]
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert ended.returncode == 0, ended.stdout
        for task in tasks_of(content):
            for name in [name for name in task if name.startswith(NAMESPACE)]:
                assert set(task[name] or {}) <= options[name]
        for play in content:
            for defaults in (play.get("module_defaults") or {}).values():
                assert set(defaults) <= options[NAMESPACE + "securityhub_invitation"]
    elif is_variables(content):
        assert set(content) <= described_variables()
    elif "images" in content:
        pass  # tests/distribution takes it
    elif "AWSTemplateFormatVersion" in content:
        pass  # tests/events deploys it
    elif set(content) == {"collections"}:
        assert {collection["name"] for collection in content["collections"]} <= {NAMESPACE.strip("."), "amazon.aws"}
    elif "plugin" in content:
        assert set(content) <= options[content["plugin"]]
    else:
        path = tmp_path / "inventory.yml"
        path.write_text(snippet, encoding="utf-8")
        listed = subprocess.check_output(["ansible-inventory", "-i", str(path), "--list"], stdin=subprocess.DEVNULL)
        assert json.loads(listed)["_meta"]["hostvars"]


@pytest.mark.parametrize("snippet", snippets("yaml"))
def test_tasks_for_accounts_act_in_them_and_in_no_other(snippet):
    """A task that runs for each account has a role there, or it would act in the controller's own each time. And whoever assumes a role says whose."""
    content = yaml.safe_load(snippet)
    for play in content if is_playbook(content) else []:
        defaults = (play.get("module_defaults") or {}).get("group/cloudsec.securityhub.aws") or {}
        for task in tasks_of([play]):
            for name in [name for name in task if name.startswith(NAMESPACE)]:
                given = {**defaults, **(task[name] or {})}
                assert play["hosts"] == "localhost" or "assume_role_arn" in given
                assert "assume_role_arn" not in given or "expected_account_id" in given


@pytest.mark.parametrize("snippet", snippets("json"))
def test_json_is_an_iam_policy_with_actions_that_exist(snippet):
    session = pytest.importorskip("botocore.session").get_session()
    known = {"sts:AssumeRole", "iam:CreateServiceLinkedRole"}
    for service in ("securityhub", "account", "sqs"):
        known.update(f"{service}:{name}" for name in session.get_service_model(service).operation_names)
    policy = json.loads(snippet)
    assert "Statement" in policy or policy["source"] == ["aws.securityhub"]  # a pattern of EventBridge
    for statement in policy.get("Statement", ()):
        actions = statement["Action"]
        assert set([actions] if isinstance(actions, str) else actions) <= known


def described_variables():
    heads = [read("playbooks", playbook + ".yml") for playbook in PLAYBOOKS]
    heads += [read("extensions", "eda", "rulebooks", rulebook + ".yml") for rulebook in RULEBOOKS]
    return {name for head in heads for name in re.findall(r"^# (securityhub_\w+)", head, re.MULTILINE)}


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_the_playbooks_variables_are_described(playbook):
    """In the head of the playbook, and in docs/playbooks.md in the playbook's column."""
    head = set(re.findall(r"^# (securityhub_\w+)", read("playbooks", playbook + ".yml"), re.MULTILINE))
    rows = [[cell.strip(" `") for cell in row.split("|")] for row in re.findall(r"^\| `securityhub_.*$", read("docs", "playbooks.md"), re.MULTILINE)]
    assert head == {row[1] for row in rows if row[2 + PLAYBOOKS.index(playbook)]}


@pytest.mark.parametrize("rulebook", RULEBOOKS)
def test_a_rulebook_s_variables_are_described(rulebook):
    """All that it reads stand in its head, and the playbooks know them, so that one file serves all."""
    text = read("extensions", "eda", "rulebooks", rulebook + ".yml")
    head, rules = text.split("\n- name:", 1)
    read_by_it = set(re.findall(r"(?:vars\.|[({] ?)(securityhub_\w+)", rules)) | set(re.findall(r"'in', (securityhub_\w+)", rules))
    assert set(re.findall(r"\b(securityhub_\w+)", head)) == read_by_it
    known = yaml.safe_load(read("playbooks", "vars", "main.yml"))["_securityhub_argument_spec"]
    assert read_by_it <= set(known)


@pytest.mark.parametrize("rulebook, playbook", [("invited", "onboard"), ("pending", "accept")])
def test_a_rulebook_hands_all_to_its_playbook(rulebook, playbook):
    """But for what concerns the administrator as a whole."""
    ruleset = yaml.safe_load(read("extensions", "eda", "rulebooks", rulebook + ".yml"))[0]
    rule = ruleset["rules"][0]
    *_told, action = rule.get("actions") or [rule["action"]]
    handed = set(action["run_playbook"]["extra_vars"])
    described = set(re.findall(r"^# (securityhub_\w+)", read("playbooks", playbook + ".yml"), re.MULTILINE))
    of_the_administrator = {f"securityhub_{name}" for name in ("home_region", "linking_mode", "linked_regions", "report", "allowed_administrators")}
    assert handed == described - of_the_administrator


def test_all_rulebooks_check_their_lists_in_one_way():
    """They can't share anything; whether it works is shown on some of them."""
    sources = [yaml.safe_load(read("extensions", "eda", "rulebooks", rulebook + ".yml"))[0]["sources"][0] for rulebook in RULEBOOKS]
    [check] = {next(arguments["required"][-1] for arguments in source.values() if "required" in arguments) for source in sources}
    assert "is no list of account IDs" in check


def test_the_readme_has_just_the_reasons_that_there_are():
    reasons = set(shared_return.reasons(pathlib.Path(ROOT)))
    assert len(reasons) > 10
    assert set(re.findall(r"^\| `([a-z_]+)` \| .* \| .* \|$", read("README.md").split("## When something fails")[1].split("##")[0], re.MULTILINE)) == reasons
    headings = re.findall(r"^## ([a-z_, ]+)$", read("docs", "troubleshooting.md"), re.MULTILINE)
    assert {reason for heading in headings for reason in heading.split(", ")} == reasons


def test_the_readme_names_every_plugin_and_playbook():
    overview = read("README.md").split("## What is in it")[1].split("##")[0]
    playbooks = [NAMESPACE + os.path.splitext(os.path.basename(path))[0] for path in glob.glob(os.path.join(ROOT, "playbooks", "*.yml"))]
    eda = glob.glob(os.path.join(ROOT, "extensions", "eda", "plugins", "*", "*.py")) + glob.glob(os.path.join(ROOT, "extensions", "eda", "rulebooks", "*.yml"))
    names = {(NAMESPACE if path.endswith(".yml") else "") + os.path.splitext(os.path.basename(path))[0] for path in eda}
    # The other form of a rulebook stands in its row
    names = {name for name in names if not name.endswith("_controller")}
    assert set(re.findall(r"^\| `([\w.]+)` ", overview, re.MULTILINE)) == set(PLUGINS + playbooks) | names


def test_the_index_names_every_page():
    there = {os.path.basename(page) for page in PAGES if os.path.dirname(page) != ROOT} - {"README.md"}
    assert there <= set(re.findall(r"\]\(([\w.]+)\)", read("docs", "README.md")))


def test_the_commands_of_make_exist():
    makefile = read("Makefile")
    goals = set(re.findall(r"^\.PHONY: (\S+)$", makefile, re.MULTILINE))
    for page in PAGES:
        assert set(re.findall(r"(?:^ *|`)make ([a-z-]+)", read(page), re.MULTILINE)) <= goals, page
    assert goals <= set(re.findall(r"make ([a-z-]+)  ", makefile)) | {"help", "home", "pythons", "stage", "test", "events-env"}


def test_the_guide_names_the_gates_in_their_order():
    tests, gates = (re.findall(rf"^{name} := (.*)$", read("Makefile"), re.MULTILINE)[0] for name in ("TESTS", "GATES"))
    table = read("CONTRIBUTING.md").split("## Gates")[1].split("##")[0]
    assert re.findall(r"^\| `(\w+)` ", table, re.MULTILINE) == gates.replace("$(TESTS)", tests).split()


def anchors(page):
    """The anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", read(page), flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [pytest.param(page, id=os.path.relpath(page, ROOT)) for page in PAGES])
def test_links_lead_somewhere(page):
    """Those of the README, which is shown alone, to the repository; those of other pages to what users have installed."""
    galaxy = yaml.safe_load(read("galaxy.yml"))
    is_readme = page == os.path.join(ROOT, galaxy["readme"])
    for link in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        path, _hash, anchor = link.partition("#")
        in_repository = re.fullmatch(rf"{re.escape(galaxy['repository'])}/blob/main/(.*)|{RAW}/main/(.*)", path)
        if in_repository:
            target = os.path.join(ROOT, in_repository[1] or in_repository[2])
        elif "://" in path:
            continue
        else:
            assert not (is_readme and path), f"{link} leads nowhere on Galaxy"
            target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
            kept = os.path.relpath(target, ROOT)
            assert not any(kept == name or kept.startswith(name + os.sep) for name in galaxy["build_ignore"]), f"{link} is not in what users install"
        assert os.path.exists(target), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_says_what_is_tested():
    tested = re.findall(r"^\| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+|newest) \|$", read("README.md"), re.MULTILINE)
    assert tested == [(*row[:4], row.boto3 or "newest") for row in matrix.ROWS]
    requirements = read("README.md").split("## Requirements")[1].split("\n## ")[0]
    lowest, highest = (yaml.safe_load(read("galaxy.yml"))["dependencies"]["amazon.aws"]).split(",")
    assert f"| {lowest.removeprefix('>=')} or later, before {highest.removeprefix('<').partition('.')[0]};" in requirements
    assert min(row.core for row in matrix.ROWS) + ".0" in yaml.safe_load(read("meta", "runtime.yml"))["requires_ansible"]
