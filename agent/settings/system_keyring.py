"""The system's keyring, where there is one that other users can't read; whatever it raises counts as none."""

from __future__ import annotations

_SERVICE = "seedsmith"


def keep(name: str, secret: str) -> bool:
    """Keep ``secret`` under ``name``; False where there is no keyring for it."""
    try:
        import keyring

        if keyring.get_keyring().priority < 1:  # nothing behind it, or a file anybody reads
            return False
        keyring.set_password(_SERVICE, name, secret)
    except Exception:  # whatever a desktop's service raises: a file serves
        return False
    return True


def kept(name: str) -> str:
    """What is kept under ``name``; '' for nothing."""
    try:
        import keyring

        return keyring.get_password(_SERVICE, name) or ""
    except Exception:  # locked, or gone: as if nothing were kept
        return ""


def forget(name: str) -> None:
    """Keep nothing under ``name`` any more."""
    try:
        import keyring

        keyring.delete_password(_SERVICE, name)
    except Exception:  # it wasn't there, or can't be reached
        return
