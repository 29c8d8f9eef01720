"""The texts that both editors show, in an artist's words."""

from .messages import CatalogueEntry, ModelAdded, ModelFile, ModelInfo, Progress, Recognition
from .views import EditView, Phase, ServerPhase, ServerStatus

START = "Start"
STOP = "Stop"
APPLY = "Apply"
DISCARD = "Discard"

SERVER_OFF = "The DragGAN server is not running. It starts by itself when it is needed."
SERVER_STARTING = "The DragGAN server is starting"
HOW_TO_GET_THE_SERVER = (
    "The DragGAN server does the work; it is a program of its own on this computer.\n"
    "To install it, open a terminal in the folder of DragGAN and run:\n"
    "    python3 install/install.py\n"
    "An editor from Flatpak or Snap cannot start programs outside of it. Start the server yourself then, in a "
    "terminal, and leave it running:\n"
    "    draggan-server serve"
)
"""For a docker or dialog that found no server. `launcher.cannot_start` says which of it is the case."""

PAINTED_OVER = (
    "This layer holds a DragGAN edit, but it was painted on since. Go on from the edit (what was painted is not in "
    "it), or begin a new edit with the layer as it is now?"
)
SHOP_LOADING = "Looking what there is …"
SHOP_BEGINNING = "Beginning …"
SHOP_STOPPED = "Stopped. What has come is kept: get it again, and it goes on from there."
SHOP_FILES = "Models (*.pkl *.pickle *.pt *.pth *.ckpt *.bin *.safetensors)"
SHOP_UNVERIFIED = (
    "Nobody has published what this file's sha-256 is, so this first download cannot be checked. It is read as data, "
    "never executed; what comes is remembered, and the next time the same must come."
)
LACKS_PIXELS = (
    "The layer that this edit began with is not there any more, or was changed: the result is only as fine as the "
    "model draws."
)
POINTS_FULL = "There can be no more than 100 points."
INVERT = "Find the picture"
FAITHFUL = "Make it more like the picture"
_STAGES = {
    "w": "Looking for the picture in the model",
    "w+": "Coming nearer to the picture",
    "tuning": "Fitting the model to the picture",
}
_RECOGNITION = {
    "good": "The model knows pictures like this.",
    "fair": "The model knows pictures like this only partly: expect changes to look softer.",
    "unknown": "This model does not know pictures like this: what you drag will hardly look like it. Choose another "
    "model, or a frame round something that the model draws.",
}
_REASONS = {
    "opened": "Ready.",
    "inverted": "The model has found the picture.",
    "reached": "All points have arrived.",
    "step_limit": "The step limit was reached before all points had arrived. Press Start to go on.",
    "stalled": "The points come no nearer. Go on in smaller pulls, or with fewer points.",
    "stopped": "Stopped. Press Start to go on from here.",
    "sought": "Ready.",
}


def time_left_text(seconds: float | None) -> str:
    """ "about 20 s left"; empty where it is not known."""
    if seconds is None:
        return ""
    if seconds < 1:
        return "nearly done"
    if seconds < 90:
        return f"about {round(seconds) if seconds < 10 else 5 * round(seconds / 5)} s left"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min left"
    return f"about {round(seconds / 3600)} h left"


def size_text(count: int) -> str:
    """ "364 MB"; a file's size as people say it."""
    if count >= 10**9:
        return f"{count / 10**9:.1f} GB"
    return f"{count / 10**6:.0f} MB" if count >= 10**7 else f"{count / 10**6:.1f} MB"


def come_text(done: int, total: int | None) -> str:
    """ "120 of 364 MB"; "120 MB" where it is not known how much is to come."""
    if not total:
        return size_text(done)
    whole = size_text(total)
    if whole.endswith("GB"):
        return f"{done / 10**9:.1f} of {whole}"
    return f"{done / 10**6:.0f} of {whole}" if total >= 10**7 else f"{done / 10**6:.1f} of {whole}"


def shop_text(progress: Progress) -> str:
    """Getting a model: "Downloading: 120 of 364 MB, about 2 min left"."""
    if progress.stage == "download":
        come = come_text(progress.step * 1024, progress.total_steps * 1024)
        parts = [part for part in (come, time_left_text(progress.remaining_s)) if part]
        return f"Downloading: {', '.join(parts)}" if progress.step else "Asking for the file …"
    if progress.stage == "convert":
        return "Converting …"
    return "Waiting for its turn …"


def added_text(added: ModelAdded) -> str:
    """What came of it: "Cats is here. Its discriminator cannot be used: …"."""
    return " ".join((f"{added.model.name} is here.", *added.remarks))


def files_text(files: tuple[ModelFile, ...]) -> str:
    """What lies in the models folder and is no model: a line for each file."""
    return "\n".join(file.problem or f"{file.name} in the models folder is being converted …" for file in files)


def offer_texts(entry: CatalogueEntry) -> tuple[str, ...]:
    """An entry of the catalogue in lines: what it draws, how large it is, its licence, and how it stands here."""
    size = size_text(entry.size) if entry.size else "size not published"
    facts = f"{entry.resolution} px · {size}" if entry.address else f"{entry.resolution} px"
    lines = [f"Draws {entry.domain}" if entry.domain else "", facts, f"Licence: {entry.licence}", offer_state(entry)]
    if entry.origin != "DragGAN":
        lines.append(f"From your catalogue {entry.origin}")
    return tuple(line for line in lines if line)


def offer_state(entry: CatalogueEntry) -> str:
    """How an entry of the catalogue stands here; empty: there is nothing to say."""
    if entry.is_here:
        return "It is here already."
    if not entry.address:
        return "To be downloaded by hand, from its page; then add the file."
    return f"{size_text(entry.bytes_here)} have come already" if entry.bytes_here else ""


def model_text(model: ModelInfo) -> str:
    """How large a model's pictures are, and how fast it is here."""
    return f"{model.resolution} px · {speed_text(model.steps_per_s, model.estimated_steps_per_s)}"


def speed_text(measured: float | None, estimated: float | None = None) -> str:
    """How fast a model is here, in steps per second: "this computer: about 12 steps a second, estimated"."""
    steps_per_s = estimated if measured is None else measured
    if steps_per_s is None:
        return "speed not measured yet"
    quick = steps_per_s >= 1
    pace = f"{steps_per_s:.0f} steps a second" if quick else f"{1 / max(steps_per_s, 1e-6):.0f} s a step"
    return f"this computer: about {pace}{', estimated' if measured is None else ''}"


def model_lines(model: ModelInfo) -> tuple[str, ...]:
    """All that a chooser says of a model, in lines."""
    lines = (model.name, f"Draws {model.domain}" if model.domain else "", model_text(model))
    return tuple(line for line in (*lines, f"Licence: {model.licence}" if model.licence else "") if line)


def distance_text(document_px: float | None) -> str:
    """ "34 px left"; empty where it is not known."""
    if document_px is None:
        return ""
    return f"{document_px:.0f} px left" if document_px >= 10 else f"{document_px:.1f} px left"


def steps_text(step: int, total_steps: int, is_drag: bool = True) -> str:
    """ "step 12 of at most 300"; empty before the first."""
    if step <= 0:
        return ""
    limit = f" of {'at most ' if is_drag else ''}{total_steps}" if total_steps else ""
    return f"step {step}{limit}"


def progress_text(progress: Progress | EditView) -> str:
    """A step of a job: "Dragging: step 12 of at most 300, 34 px left, about 20 s left"."""
    if isinstance(progress, EditView):
        distance = progress.distance_document_px
    else:
        distance = max((handle.distance for handle in progress.points), default=None)
    if progress.stage == "drag":
        parts = [steps_text(progress.step, progress.total_steps), distance_text(distance)]
        what = "Dragging"
    elif progress.stage in _STAGES:
        parts = [steps_text(progress.step, progress.total_steps, is_drag=False)]
        what = _STAGES[progress.stage]
    elif progress.stage == "open":
        return "Opening the model …"
    else:
        return "Beginning …"
    told = [part for part in (*parts, time_left_text(progress.remaining_s)) if part]
    return f"{what}: {', '.join(told)}" if told else f"{what} …"


def fraction_done(view: EditView) -> float | None:
    """For a progress bar, 0 to 1. None: not known, let it pulse."""
    if not view.is_busy:
        return 0.0
    if view.remaining_s is not None and view.elapsed_s > 0:
        return view.elapsed_s / (view.elapsed_s + view.remaining_s)
    if view.stage in _STAGES and view.total_steps:
        return view.step / view.total_steps
    return None


def phase_text(view: EditView) -> str:
    """What an edit is doing, or what came of it, in one line."""
    if view.problem is not None and not view.is_busy:
        return view.problem.message
    if view.phase is Phase.STOPPING:
        return "Stopping …"
    if view.phase in (Phase.OPENING, Phase.INVERTING, Phase.DRAGGING):
        return progress_text(view)
    if view.phase is Phase.FETCHING:
        return "Getting the picture …"
    if view.phase is Phase.READY and view.needs_inversion:
        return "The picture has to be found in the model before it can be dragged."
    if (
        view.phase is Phase.READY
        and view.reason == "stopped"
        and view.inversion is not None
        and not view.history_length
    ):
        return "Stopped. The picture as far as it was found can be dragged, or looked for further."
    if view.phase is Phase.READY:
        return reason_text(view.reason) or "Ready."
    return ""


def reason_text(reason: str | None) -> str:
    """How a drag ended, and what can be done now."""
    return _REASONS.get(reason or "", "")


def recognition_text(recognition: Recognition | None) -> str:
    """Whether the model knows pictures like this one, for before the first drag; empty where that is not known."""
    return _RECOGNITION[recognition.word] if recognition is not None else ""


def score_text(recognition: Recognition | None) -> str:
    """The number behind it: "87 %"; empty where it is not known."""
    return f"{100 * recognition.score:.0f} %" if recognition is not None else ""


def server_text(status: ServerStatus) -> str:
    """How the server stands, in one line: "Ready: NVIDIA RTX 4070 (version 0.1.0)"."""
    if status.phase is ServerPhase.READY and status.hello is not None:
        return f"Ready: {status.hello.device} (version {status.hello.version})"
    return status.text


def copy_text(reason: str) -> str:
    """Why the result will be a copy; `reason` is what `layer_rules.needs_copy` says."""
    return f"The result will be a copy of the layer with the edit in it, because {reason}. The layer itself is hidden."


def history_text(position: int, history_length: int) -> str:
    """ "drag 2 of 3"; "before the first drag"."""
    if history_length == 0:
        return "no drags yet"
    return f"drag {position} of {history_length}" if position else "before the first drag"
