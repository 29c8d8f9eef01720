"""The widget that shows the layer, what is laid over it, the points and the frame, and takes the pointer and the keys.

What a press means is a `Hand`'s: it puts points, or chooses the frame. The view is the canvas's own.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import gi
from gi.repository import Gdk, GdkPixbuf, GLib, Gtk

from draggan_client import frames
from draggan_client.errors import DragganError
from draggan_client.frame_choice import FrameChoice
from draggan_client.look import LOOK
from draggan_client.messages import AlignmentPoint, Frame
from draggan_client.points import PointBoard

from . import marks
from .hands import FrameHand, Hand, PointHand, Touch
from .marks import Marks
from .plain_cairo import NEAREST, NoCairoError, PlainContext
from .pyramid import Pyramid
from .view import ZOOM_STEP, View

_PEN_SOURCES = (Gdk.InputSource.PEN, Gdk.InputSource.ERASER, Gdk.InputSource.TOUCHSCREEN)
_BACKGROUND = 0x4A4A4AFF
_LEAST_SIZE = (420, 320)
_ARROWS = ("Left", "Right", "Up", "Down", "KP_Left", "KP_Right", "KP_Up", "KP_Down")
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

    def __init__(
        self,
        board: PointBoard,
        edited: Callable[[], object],
        moved: Callable[[], object],
        beside: Callable[[], object],
    ) -> None:
        """edited: the points, or what is selected, are others. moved: the view is another. beside: a press outside
        the frame did nothing."""
        self._board = board
        self._moved = moved
        self.view = View()
        self.locked = False
        """What is shown can be looked at and not be changed."""
        self.show_points = True
        self.show_preview = True
        self.show_reconstruction = False
        """The model's own picture instead, where there is one."""
        self._point_hand = PointHand(board, self._told(edited), beside)
        self._frame_hand: FrameHand | None = None
        self._expected: tuple[AlignmentPoint, ...] = ()
        self._pyramid: Pyramid | None = None
        self._preview: GdkPixbuf.Pixbuf | None = None
        self._reconstruction: GdkPixbuf.Pixbuf | None = None
        self._edge: tuple[marks.Segment, ...] = ()
        self._base: GdkPixbuf.Pixbuf | None = None
        """The layer as the view shows it."""
        self._base_key: object = None
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

    def set_frame(self, frame: Frame | None) -> None:
        """Mark the part that the model sees, for dragging points in it."""
        self._frame_hand = None
        self._point_hand.frame = frame
        self._fit_anew()

    def choose_frame(
        self, choice: FrameChoice, changed: Callable[[], object], failed: Callable[[DragganError], object]
    ) -> None:
        """Let the artist choose the frame, until `set_frame`."""
        self._frame_hand = FrameHand(choice, self._told(changed), failed)
        self._fit_anew()

    def set_expected(self, landmarks: tuple[AlignmentPoint, ...]) -> None:
        """Show where in the frame the model expects these, while it is chosen."""
        self._expected = landmarks
        self.redraw()

    def set_edge(self, edge: tuple[marks.Segment, ...]) -> None:
        """Mark the selection's edge."""
        self._edge = edge
        self.redraw()

    def set_preview(self, preview: GdkPixbuf.Pixbuf | None) -> None:
        """Lay this over the frame."""
        self._preview = preview
        self.redraw()

    def set_reconstruction(self, picture: GdkPixbuf.Pixbuf | None) -> None:
        """What the model makes of the frame."""
        self._reconstruction = picture
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
        """The whole layer; while points are dragged the frame, and what lies round it."""
        self._fitted = True
        if self._pyramid is None:
            return
        rect, frame = self._pyramid.rect, self._shown_frame
        if frame is None:
            self._look(View.fitting(rect.left, rect.top, rect.width, rect.height, *self._size()))
        else:
            self._look(View.of_frame(frame, rect.box, self._frame_hand is not None, *self._size()))

    def fit_or_layer(self) -> None:
        """As `fit`; where that is seen already: the whole layer."""
        if not self._fitted or self._pyramid is None:
            self.fit()
            return
        rect = self._pyramid.rect
        self._fitted = False
        self._look(View.fitting(rect.left, rect.top, rect.width, rect.height, *self._size()))

    def _fit_anew(self) -> None:
        self.fit()
        self.redraw()

    @property
    def _shown_frame(self) -> Frame | None:
        return self._frame_hand.choice.frame if self._frame_hand is not None else self._point_hand.frame

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
        """The layer as the view shows it, in device pixels."""
        width, height = self._size()
        key = (self.view, width, height, factor)
        if self._base is None or key != self._base_key:
            base = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, width * factor, height * factor)
            base.fill(_BACKGROUND)
            if self._pyramid is not None:
                self._pyramid.draw(base, self.view, factor)
            self._base, self._base_key = base, key
        return self._base

    @property
    def _overlay(self) -> GdkPixbuf.Pixbuf | None:
        """What is laid over the frame."""
        if self._frame_hand is not None:
            return None
        if self.show_reconstruction and self._reconstruction is not None:
            return self._reconstruction
        return self._preview if self.show_preview else None

    def _surface_of(self, picture: GdkPixbuf.Pixbuf) -> Any:
        """The picture as cairo paints it: kept, since points move more often than the picture changes."""
        if self._surface is None or self._surface[0] is not picture:
            self._surface = picture, Gdk.cairo_surface_create_from_pixbuf(picture, 1, None)
        return self._surface[1]

    def _marks(self) -> Marks:
        picture = self._pyramid.rect if self._pyramid is not None else None
        frame, hand = self._shown_frame, self._frame_hand
        if hand is not None:
            asked = bool(hand.choice.landmarks)
            expected = () if asked or frame is None else tuple(frames.at(frame, p.x, p.y) for p in self._expected)
            return Marks(
                (), frozenset(), None if asked else frame, picture, self._edge, True, expected, hand.choice.clicks
            )
        if not self.show_points:
            return Marks(frame=frame, picture=picture)
        return Marks(self._board.pairs, self._board.selected, frame, picture, self._edge)

    def _draw(self, widget: Gtk.Widget, context: Any) -> bool:
        factor = widget.get_scale_factor()
        picture = self._composed(factor)
        context.save()
        context.scale(1.0 / factor, 1.0 / factor)
        context.set_source_surface(self._surface_of(picture), 0, 0)
        context.paint()
        context.restore()
        self._draw_over(context, _set_source)
        return True

    def _render(self) -> bool:
        """Without a cairo binding: into a picture of our own."""
        self._render_due = False
        assert self._image is not None
        picture = self._composed(1)
        with contextlib.suppress(NoCairoError):  # then without points; the dialog has said why
            context = PlainContext(picture)
            self._draw_over(context, PlainContext.set_source_pixbuf)
            picture = context.finished()
        self._image.set_from_pixbuf(picture)
        return False

    def _draw_over(self, context: Any, set_source: Any) -> None:
        overlay, frame = self._overlay, self._point_hand.frame
        if overlay is not None and frame is not None:
            marks.lay_over(context, overlay, frame, self.view, set_source)
        marks.draw(context, self._marks(), self.view, *self._size())

    # Pointer

    @property
    def _hand(self) -> Hand:
        return self._frame_hand if self._frame_hand is not None else self._point_hand

    @property
    def _usable(self) -> bool:
        """Whether a press may change something."""
        return not self.locked and (self.show_points or self._frame_hand is not None)

    def _touch(self, event: Gdk.EventButton | Gdk.EventMotion) -> Touch:
        state = event.state
        return Touch(
            self.view.to_image(event.x, event.y),
            self._reach(event),
            1.0 / self.view.scale,
            bool(state & Gdk.ModifierType.SHIFT_MASK),
            bool(state & Gdk.ModifierType.CONTROL_MASK),
        )

    def _pressed(self, widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        widget.grab_focus()
        if event.type != Gdk.EventType.BUTTON_PRESS:
            return True
        if event.button == Gdk.BUTTON_MIDDLE or (event.button == Gdk.BUTTON_PRIMARY and self._space):
            self._panning = (event.x, event.y)
            self._set_cursor("grabbing")
        elif event.button == Gdk.BUTTON_PRIMARY and self._usable:
            self._hand.press(self._touch(event))
        return True

    def _released(self, _widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        if self._panning is not None and event.button in (Gdk.BUTTON_MIDDLE, Gdk.BUTTON_PRIMARY):
            self._stop_panning()
        elif event.button == Gdk.BUTTON_PRIMARY and self._hand.holds:
            self._hand.release(self._touch(event))
        return True

    def _motion(self, _widget: Gtk.Widget, event: Gdk.EventMotion) -> bool:
        if self._panning is not None:
            self._fitted = False
            self._look(self.view.moved(event.x - self._panning[0], event.y - self._panning[1]))
            self._panning = (event.x, event.y)
        elif self._hand.holds:
            if not event.state & Gdk.ModifierType.BUTTON1_MASK:  # its release went elsewhere
                self._lost()
                return True
            self._hand.move(self._touch(event))
        else:
            self._set_cursor(
                "grab" if self._space else self._hand.cursor(self._touch(event)) if self._usable else "default"
            )
        return True

    def _reach(self, event: Gdk.EventButton | Gdk.EventMotion) -> float:
        device = event.get_source_device()
        pen = device is not None and device.get_source() in _PEN_SOURCES
        return (LOOK.pen_reach if pen else LOOK.reach) / self.view.scale

    def _lost(self) -> None:
        """A press whose release will not come."""
        self._stop_panning()
        if self._hand.holds:
            self._hand.abort()

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

    def _told(self, tell: Callable[[], object]) -> Callable[[], object]:
        """Tell that something was changed by the pointer or a key, and show it."""

        def told() -> None:
            tell()
            self.redraw()

        return told

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
        if name == "Escape" and self._hand.holds:
            self._lost()
            return True
        if name in ("plus", "KP_Add", "equal", "minus", "KP_Subtract") and not control:
            self.zoom(1 / ZOOM_STEP if name in ("minus", "KP_Subtract") else ZOOM_STEP)
            return True
        if name in ("1", "KP_1") and not control:
            self.actual_size()
            return True
        if name in _ARROWS and not self.widget.has_focus():
            return False
        return self._usable and self._hand.key(name, control, shift)

    def _key_released(self, _widget: Gtk.Widget, event: Gdk.EventKey) -> bool:
        if Gdk.keyval_name(event.keyval) == "space":
            self._space = False
            if self._panning is None:
                self._set_cursor("crosshair")
        return False


def _set_source(context: Any, picture: GdkPixbuf.Pixbuf, nearest: bool) -> None:
    Gdk.cairo_set_source_pixbuf(context, picture, 0, 0)
    if nearest:
        context.get_source().set_filter(NEAREST)
