from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from cdp_assets.errors import ConfigurationError
from cdp_assets.registry import find_plugin, plugin_names

BASE = """
from abc import ABC, abstractmethod
class Animal(ABC):
    @abstractmethod
    def speak(self): ...
"""
DOG = """
from animals_under_test.base import Animal
class Abstract(Animal): ...
class Dog(Animal):
    def speak(self): return "woof"
"""
FILES = {
    "base": BASE,
    "dog": DOG,
    "cat": DOG.replace("Dog", "Cat"),
    "borrowed": "from animals_under_test.dog import Dog\n",
    "two": DOG + "class Second(Dog): ...\n",
    "broken": "import a_driver_nobody_installed\n",
    "_helper": "",
}


@pytest.fixture(scope="module")
def animals(tmp_path_factory):
    """A package of plug-ins; its modules stay imported, under a name nobody else has."""
    folder: Path = tmp_path_factory.mktemp("plugins") / "animals_under_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for name, source in FILES.items():
        (folder / f"{name}.py").write_text(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder.parent)
        from animals_under_test.base import Animal

        yield Animal


def test_every_module_is_a_plugin_but_the_base_and_private_ones(animals):
    assert plugin_names("animals_under_test") == ["borrowed", "broken", "cat", "dog", "two"]


def test_a_plugin_is_the_one_concrete_class_its_module_defines_and_others_may_be_broken(animals):
    assert find_plugin("animals_under_test", "dog", animals)().speak() == "woof"
    assert find_plugin("animals_under_test", "cat", animals).__name__ == "Cat"


@pytest.mark.parametrize("name", ["bird", "base", "_helper", "", "dog.x", "../dog"])
def test_a_plugin_that_is_not_there_is_told_with_those_there_are(animals, name):
    with pytest.raises(ConfigurationError, match="there are: borrowed, broken, cat, dog, two") as refused:
        find_plugin("animals_under_test", name, animals)
    assert repr(name) in str(refused.value)


@pytest.mark.parametrize(("name", "count"), [("borrowed", 0), ("two", 2)])
def test_a_module_defines_exactly_one(animals, name, count):
    with pytest.raises(ConfigurationError, match=f"{name} must define exactly one Animal; it defines {count}"):
        find_plugin("animals_under_test", name, animals)


def test_a_plugin_whose_driver_is_not_installed_says_which_it_is(animals):
    with pytest.raises(ConfigurationError, match=r"'broken' needs the module 'a_driver_nobody_installed'.*setup\.cfg"):
        find_plugin("animals_under_test", "broken", animals)


def test_a_class_of_another_kind_is_no_plugin(animals):
    class Plant(ABC):
        @abstractmethod
        def grow(self): ...

    with pytest.raises(ConfigurationError, match="exactly one Plant; it defines 0"):
        find_plugin("animals_under_test", "dog", Plant)
