"""The widget that shows the layer, the preview and the points, and takes the pointer and the keys.

It changes the points of a PointBoard and its own view; everything else it tells through callbacks.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import gi
from gi.repository import Gdk, GdkPixbuf, GLib, Gtk

from draggan_client.look import LOOK
from draggan_client.messages import Frame
from draggan_client.points import PointBoard, Spot

from . import marks
from .marks import Marks
from .plain_cairo import NoCairoError, PlainContext
from .pyramid import CRISP_SCALE, Placed, Pyramid
from .view import ZOOM_STEP, View

_PEN_SOURCES = (Gdk.InputSource.PEN, Gdk.InputSource.ERASER, Gdk.InputSource.TOUCHSCREEN)
_BACKGROUND = 0x4A4A4AFF
_LEAST_SIZE = (420, 320)
_EVENTS = (
    Gdk.EventMask.BUTTON_PRESS_MASK
    | Gdk.EventMask.BUTTON_RELEASE_MASK
    | Gdk.EventMask.POINTER_MOTION_MASK
    | Gdk.EventMask.SCROLL_MASK
    | Gdk.EventMask.SMOOTH_SCROLL_MASK
    | Gdk.EventMask.KEY_PRESS_MASK
    | Gdk.EventMask.KEY_RELEASE_MASK
    | Gdk.EventMask.FOCUS_CHANGE_MASK
)


def has_cairo() -> bool:
    """Whether GTK can hand a cairo context to Python."""
    try:
        gi.require_foreign("cairo")
    except (ImportError, AttributeError):
        return False
    return True


class Canvas:
    """The widget is `widget`. Coordinates outside are the image's pixels."""

    def __init__(self, board: PointBoard, edited: Callable[[], object], moved: Callable[[], object]) -> None:
        """edited: the points, or what is selected, are others. moved: the view is another."""
        self._board = board
        self._edited = edited
        self._moved = moved
        self.view = View()
        self.locked = False
        """The points can be looked at and not be changed."""
        self.show_points = True
        self.show_preview = True
        self._pyramid: Pyramid | None = None
        self._preview: GdkPixbuf.Pixbuf | None = None
        self._frame: Frame | None = None
        self._edge: tuple[marks.Segment, ...] = ()
        self._base: GdkPixbuf.Pixbuf | None = None
        """The layer as the view shows it ..."""
        self._base_key: object = None
        self._picture: GdkPixbuf.Pixbuf | None = None
        """... and with the preview over it."""
        self._surface: tuple[GdkPixbuf.Pixbuf, Any] | None = None
        self._fitted = True
        self._panning: tuple[float, float] | None = None
        self._space = False
        self._renders_itself = has_cairo()
        self.widget: Gtk.Widget = Gtk.DrawingArea() if self._renders_itself else Gtk.Layout()
        self._image: Gtk.Image | None = None
        self._render_due = False
        self._prepare_widget()

    # What is shown

    @property
    def pyramid(self) -> Pyramid | None:
        """The layer's picture; None: it is not read yet."""
        return self._pyramid

    def set_picture(self, pyramid: Pyramid) -> None:
        """Show this layer."""
        first = self._pyramid is None
        self._pyramid = pyramid
        self._base = None
        if first:
            self.fit()
        self.redraw()

    def set_frame(self, frame: Frame) -> None:
        """Mark the square that the model sees."""
        self._frame = frame
        self._picture = None
        self.redraw()

    def set_edge(self, edge: tuple[marks.Segment, ...]) -> None:
        """Mark the selection's edge."""
        self._edge = edge
        self.redraw()

    def set_preview(self, preview: GdkPixbuf.Pixbuf | None) -> None:
        """Lay this over the frame."""
        self._preview = preview
        self._picture = None
        self.redraw()

    def redraw(self) -> None:
        """Paint again soon."""
        if self._renders_itself:
            self.widget.queue_draw()
        elif not self._render_due:
            self._render_due = True
            GLib.idle_add(self._render, priority=Gdk.PRIORITY_REDRAW)

    # The view

    def fit(self) -> None:
        """The whole picture."""
        self._fitted = True
        if self._pyramid is not None:
            rect = self._pyramid.rect
            width, height = self._size()
            self._look(View.fitting(rect.left, rect.top, rect.width, rect.height, width, height))

    def actual_size(self) -> None:
        """One pixel of the image for one of the screen, round the middle of what is seen."""
        width, height = self._size()
        self._fitted = False
        self._look(self.view.scaled(1.0 / self.widget.get_scale_factor(), width / 2, height / 2))

    def zoom(self, factor: float) -> None:
        """Larger or smaller, round the middle of what is seen."""
        width, height = self._size()
        self._fitted = False
        self._look(self.view.zoomed(factor, width / 2, height / 2))

    @property
    def percent(self) -> float:
        """The zoom as GIMP tells it: 100 is one pixel of the image on one of the screen."""
        return 100.0 * self.view.scale * self.widget.get_scale_factor()

    def _look(self, view: View) -> None:
        if self._pyramid is not None:
            rect = self._pyramid.rect
            view = view.kept_in_sight(rect.left, rect.top, rect.right, rect.bottom, *self._size())
        self.view = view
        self._moved()
        self.redraw()

    def _size(self) -> tuple[int, int]:
        return max(1, self.widget.get_allocated_width()), max(1, self.widget.get_allocated_height())

    # Painting

    def _prepare_widget(self) -> None:
        widget = self.widget
        widget.set_size_request(*_LEAST_SIZE)
        widget.set_hexpand(True)
        widget.set_vexpand(True)
        widget.set_can_focus(True)
        widget.add_events(_EVENTS)
        widget.get_accessible().set_name("Picture with points")
        widget.connect("size-allocate", lambda *_: self._resized())
        widget.connect("button-press-event", self._pressed)
        widget.connect("button-release-event", self._released)
        widget.connect("motion-notify-event", self._motion)
        widget.connect("scroll-event", self._scrolled)
        widget.connect("key-release-event", self._key_released)
        widget.connect("grab-broken-event", lambda *_: self._lost())
        widget.connect("focus-out-event", lambda *_: self._stop_panning())
        if self._renders_itself:
            widget.connect("draw", self._draw)
        else:
            self._image = Gtk.Image()
            widget.put(self._image, 0, 0)

    def _resized(self) -> None:
        if self._fitted:
            GLib.idle_add(self._refit)
        self.redraw()

    def _refit(self) -> bool:
        if self._fitted:
            self.fit()
        return False

    def _composed(self, factor: int) -> GdkPixbuf.Pixbuf:
        """Layer and preview as the view shows them, in device pixels. During a drag only the preview is another."""
        width, height = self._size()
        key = (self.view, width, height, factor)
        if self._base is None or key != self._base_key:
            base = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, width * factor, height * factor)
            base.fill(_BACKGROUND)
            if self._pyramid is not None:
                self._pyramid.draw(base, self.view, factor)
            self._base, self._base_key, self._picture = base, key, None
        if self._preview is None or self._frame is None or not self.show_preview:
            self._picture = None
            return self._base
        if self._picture is None:
            self._picture = self._base.copy()
            _lay_over(self._picture, self._preview, self._frame, self.view, factor)
        return self._picture

    def _surface_of(self, picture: GdkPixbuf.Pixbuf) -> Any:
        """The picture as cairo paints it: kept, since points move more often than the picture changes."""
        if self._surface is None or self._surface[0] is not picture:
            self._surface = picture, Gdk.cairo_surface_create_from_pixbuf(picture, 1, None)
        return self._surface[1]

    def _marks(self) -> Marks:
        picture = self._pyramid.rect if self._pyramid is not None else None
        if not self.show_points:
            return Marks(frame=self._frame, picture=picture)
        return Marks(self._board.pairs, self._board.selected, self._frame, picture, self._edge)

    def _draw(self, widget: Gtk.Widget, context: Any) -> bool:
        factor = widget.get_scale_factor()
        picture = self._composed(factor)
        context.save()
        context.scale(1.0 / factor, 1.0 / factor)
        context.set_source_surface(self._surface_of(picture), 0, 0)
        context.paint()
        context.restore()
        marks.draw(context, self._marks(), self.view, *self._size())
        return True

    def _render(self) -> bool:
        """Without a cairo binding: into a picture of our own."""
        self._render_due = False
        assert self._image is not None
        picture = self._composed(1)
        with contextlib.suppress(NoCairoError):  # then without points; the dialog has said why
            context = PlainContext(picture)
            marks.draw(context, self._marks(), self.view, *self._size())
            picture = context.finished()
        self._image.set_from_pixbuf(picture)
        return False

    # Pointer

    def _pressed(self, widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        widget.grab_focus()
        if event.type != Gdk.EventType.BUTTON_PRESS:
            return True
        if event.button == Gdk.BUTTON_MIDDLE or (event.button == Gdk.BUTTON_PRIMARY and self._space):
            self._panning = (event.x, event.y)
            self._set_cursor("grabbing")
        elif event.button == Gdk.BUTTON_PRIMARY and not self.locked and self.show_points:
            self._press_point(event)
        return True

    def _press_point(self, event: Gdk.EventButton) -> None:
        spot = self.view.to_image(event.x, event.y)
        reach = self._reach(event)
        state = event.state
        if state & Gdk.ModifierType.CONTROL_MASK:
            self._board.remove_at(spot, reach)
        elif state & Gdk.ModifierType.SHIFT_MASK:
            if not self._board.press_handle_only(spot, reach, keep_selection=True) and self._may_begin(spot, reach):
                self._board.press(spot, reach, keep_selection=True)
        elif self._may_begin(spot, reach):
            self._board.press(spot, reach)
        self._changed()

    def _may_begin(self, spot: Spot, reach: float) -> bool:
        """New points are put inside the frame only: the model sees nothing else."""
        return self._board.hit(spot, reach) is not None or self._frame is None or _inside(self._frame, spot)

    def _released(self, _widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        if self._panning is not None and event.button in (Gdk.BUTTON_MIDDLE, Gdk.BUTTON_PRIMARY):
            self._stop_panning()
        elif event.button == Gdk.BUTTON_PRIMARY and self._board.dragged is not None:
            self._board.release(self._kept_inside(event), LOOK.slop / self.view.scale)
            self._changed()
        return True

    def _motion(self, _widget: Gtk.Widget, event: Gdk.EventMotion) -> bool:
        if self._panning is not None:
            self._fitted = False
            self._look(self.view.moved(event.x - self._panning[0], event.y - self._panning[1]))
            self._panning = (event.x, event.y)
        elif self._board.dragged is not None:
            if not event.state & Gdk.ModifierType.BUTTON1_MASK:  # its release went elsewhere
                self._lost()
                return True
            self._board.move(self._kept_inside(event))
            self._changed()
        else:
            near = self._board.hit(self.view.to_image(event.x, event.y), self._reach(event)) is not None
            self._set_cursor("grab" if self._space else "pointer" if near and not self.locked else "crosshair")
        return True

    def _kept_inside(self, event: Gdk.EventButton | Gdk.EventMotion) -> Spot:
        spot = self.view.to_image(event.x, event.y)
        frame = self._frame
        if frame is None:
            return spot
        return Spot(min(max(spot.x, frame.x), frame.x + frame.size), min(max(spot.y, frame.y), frame.y + frame.size))

    def _reach(self, event: Gdk.EventButton | Gdk.EventMotion) -> float:
        device = event.get_source_device()
        pen = device is not None and device.get_source() in _PEN_SOURCES
        return (LOOK.pen_reach if pen else LOOK.reach) / self.view.scale

    def _lost(self) -> None:
        """A press whose release will not come."""
        self._stop_panning()
        if self._board.dragged is not None:
            self._board.abort()
            self._changed()

    def _scrolled(self, _widget: Gtk.Widget, event: Gdk.EventScroll) -> bool:
        steps = {Gdk.ScrollDirection.UP: 1.0, Gdk.ScrollDirection.DOWN: -1.0}.get(event.direction, 0.0)
        if event.direction == Gdk.ScrollDirection.SMOOTH:
            steps = -event.get_scroll_deltas().delta_y
        if steps:
            self._fitted = False
            self._look(self.view.zoomed(ZOOM_STEP**steps, event.x, event.y))
        return True

    def _stop_panning(self) -> None:
        self._panning = None
        self._set_cursor("grab" if self._space else "crosshair")

    def _set_cursor(self, name: str) -> None:
        window = self.widget.get_window()
        if window is not None:
            window.set_cursor(Gdk.Cursor.new_from_name(self.widget.get_display(), name))

    def _changed(self) -> None:
        self._edited()
        self.redraw()

    # Keys

    def key(self, event: Gdk.EventKey) -> bool:
        """A key was pressed in the window. Whether it was one of ours."""
        control = bool(event.state & Gdk.ModifierType.CONTROL_MASK)
        shift = bool(event.state & Gdk.ModifierType.SHIFT_MASK)
        name = Gdk.keyval_name(event.keyval) or ""
        if name == "space" and self.widget.has_focus():
            self._space = True
            self._set_cursor("grab")
            return True
        if name == "Escape" and self._board.dragged is not None:
            self._lost()
            return True
        if name in ("plus", "KP_Add", "equal", "minus", "KP_Subtract") and not control:
            self.zoom(1 / ZOOM_STEP if name in ("minus", "KP_Subtract") else ZOOM_STEP)
            return True
        if name in ("1", "KP_1") and not control:
            self.actual_size()
            return True
        return not self.locked and self._edit_key(name, control, shift)

    def _edit_key(self, name: str, control: bool, shift: bool) -> bool:
        edits: dict[tuple[str, bool], Callable[[], bool]] = {
            ("Delete", False): self._board.delete_selected,
            ("KP_Delete", False): self._board.delete_selected,
            ("BackSpace", False): self._board.delete_last,
            ("z", True): self._board.redo if shift else self._board.undo,
            ("Z", True): self._board.redo,
            ("y", True): self._board.redo,
            ("a", True): self._select_all,
        }
        edit = edits.get((name, control))
        if edit is None:
            return False
        edit()
        self._changed()
        return True

    def _select_all(self) -> bool:
        self._board.select(pair.id for pair in self._board.pairs)
        return True

    def _key_released(self, _widget: Gtk.Widget, event: Gdk.EventKey) -> bool:
        if Gdk.keyval_name(event.keyval) == "space":
            self._space = False
            if self._panning is None:
                self._set_cursor("crosshair")
        return False


def _inside(frame: Frame, spot: Spot) -> bool:
    return frame.x <= spot.x <= frame.x + frame.size and frame.y <= spot.y <= frame.y + frame.size


def _lay_over(picture: GdkPixbuf.Pixbuf, preview: GdkPixbuf.Pixbuf, frame: Frame, view: View, factor: int) -> None:
    side = preview.get_width()
    place = Placed(frame.x, frame.y, frame.size, frame.size, view, factor, picture)
    if place.empty:
        return
    scale = view.scale * factor * frame.size / side
    as_fine = side >= frame.size - 1  # as the layer below it
    how = GdkPixbuf.InterpType.NEAREST if as_fine and scale >= CRISP_SCALE else GdkPixbuf.InterpType.BILINEAR
    preview.composite(picture, *place.area, place.x, place.y, scale, scale, how, 255)
