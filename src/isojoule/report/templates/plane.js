// Puts drawings that can be turned in the place of a still one: drag, or arrow keys.
// Each has `axes` (label, ticks), `points`, and a `plane`, all within a unit cube.
(() => {
  "use strict";
  const INK = "#1f2328", GREY = "#6b7280", LINE = "#d3d7dc";
  const BLUE = "#0072B2", VERMILLION = "#D55E00", SKY = "#56B4E9";
  const WIDTH = 340, HEIGHT = 310, ZOOM = 165;
  const START = { yaw: 0.6, pitch: 0.38 };

  const replaced = (corner, axis, value) => corner.map((v, i) => (i === axis ? value : v));

  function add(parent, name, attributes, text = "") {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.textContent = text;
    parent.append(element);
    return element;
  }

  function camera({ yaw, pitch }) {
    return ([x, y, z]) => {
      const right = (x - 0.5) * Math.cos(yaw) + (y - 0.5) * Math.sin(yaw);
      const depth = (y - 0.5) * Math.cos(yaw) - (x - 0.5) * Math.sin(yaw);
      const up = (z - 0.5) * Math.cos(pitch) + depth * Math.sin(pitch);
      const far = depth * Math.cos(pitch) - (z - 0.5) * Math.sin(pitch);
      return { x: WIDTH / 2 + 12 + ZOOM * right, y: HEIGHT / 2 - 12 - ZOOM * up, far };
    };
  }

  function draw(svg, { axes, points, plane }, view) {
    const at = camera(view);
    const middle = [0.5, 0.5, 0.5];
    // On each axis, the wall that is farther away: it stays behind the marks.
    const behind = [0, 1, 2].map((axis) =>
      at(replaced(middle, axis, 0)).far > at(replaced(middle, axis, 1)).far ? 0 : 1);

    const line = (from, to, attributes) => {
      const [p, q] = [at(from), at(to)];
      return add(svg, "line", { x1: p.x, y1: p.y, x2: q.x, y2: q.y, ...attributes });
    };
    const write = (x, y, text, size) =>
      add(svg, "text", { x, y: y + 3, "font-size": size, "text-anchor": "middle", fill: INK }, text);

    function drawAxis({ label, ticks }, axis) {
      for (const wall of [0, 1, 2]) {
        if (wall === axis) continue;
        for (const [value] of ticks) {
          const from = replaced(replaced(middle, wall, behind[wall]), axis, value);
          const along = 3 - axis - wall;
          line(replaced(from, along, 0), replaced(from, along, 1), { stroke: LINE, "stroke-width": 0.8 });
        }
      }
      // Its labels stand at an edge of the outline, where no mark covers them.
      let edge = [1 - behind[0], 1 - behind[1], behind[2]];
      if (axis === 2) {
        const sides = [[behind[0], 1 - behind[1], 0], [1 - behind[0], behind[1], 0]];
        edge = at(sides[0]).x < at(sides[1]).x ? sides[0] : sides[1];
      }
      const [low, high] = [at(replaced(edge, axis, 0)), at(replaced(edge, axis, 1))];
      line(replaced(edge, axis, 0), replaced(edge, axis, 1), { stroke: GREY });
      const aside = axis === 2 ? -1 : Math.sign((low.x + high.x) / 2 - at([0.5, 0.5, 0]).x);
      const below = axis === 2 ? 0 : Math.sign((low.y + high.y) / 2 - at([0.5, 0.5, behind[2]]).y);
      for (const [value, text] of ticks) {
        const p = at(replaced(edge, axis, value));
        write(p.x + aside * (axis === 2 ? 15 : 9), p.y + below * 11, text, 9.5);
      }
      const [x, y] = [(low.x + high.x) / 2 + aside * 36, (low.y + high.y) / 2 + below * 32];
      const turned = axis === 2 ? -90
        : Math.atan((high.y - low.y) / (high.x - low.x || 1e-9)) * 180 / Math.PI;
      write(x, y, label, 10.5).setAttribute("transform", `rotate(${turned} ${x} ${y})`);
    }

    function drawPoint({ position, foot, isReference, name }) {
      const { x, y } = at(position);
      line(position, replaced(position, 2, foot), { stroke: GREY, "stroke-width": 0.8 });
      const mark = isReference
        ? add(svg, "rect", { x: x - 3, y: y - 3, width: 6, height: 6, fill: "#fff", stroke: VERMILLION })
        : add(svg, "circle", { cx: x, cy: y, r: 3.6, fill: BLUE, stroke: "#fff", "stroke-width": 0.5 });
      add(mark, "title", {}, name);
    }

    svg.replaceChildren();
    axes.forEach(drawAxis);
    // Does the upper side of the plane face us? Then what lies above is in front.
    const [slopeX, slopeY] = plane.slopes;
    const tilt = slopeX * Math.sin(view.yaw) - slopeY * Math.cos(view.yaw);
    const fromAbove = tilt * Math.cos(view.pitch) - Math.sin(view.pitch) < 0;
    const isInFront = ({ position, foot }) => (position[2] >= foot) === fromAbove;
    points.filter((point) => !isInFront(point)).forEach(drawPoint);
    const corners = plane.corners.map(at).map(({ x, y }) => `${x},${y}`).join(" ");
    add(svg, "polygon", { points: corners, fill: SKY, "fill-opacity": 0.35, stroke: BLUE, "stroke-width": 0.8 });
    points.filter(isInFront).forEach(drawPoint);
  }

  function setUp(holder) {
    const view = { ...START };
    const drawings = JSON.parse(holder.dataset.planes).map((data) => {
      const panel = document.createElement("div");
      panel.style.cssText = "flex: 0 1 21rem; min-width: 15rem; color: #1f2328; text-align: center; white-space: pre-line; break-inside: avoid";
      panel.textContent = `${data.title}\n${data.scores}`;
      const svg = add(panel, "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": data.title });
      svg.style.cssText = "min-width: 0; cursor: grab; touch-action: pan-y; user-select: none";
      return { panel, svg, data };
    });
    holder.replaceChildren(...drawings.map(({ panel }) => panel));
    holder.style.cssText = "display: flex; flex-wrap: wrap; justify-content: center; gap: 1rem; font-size: .85rem";
    holder.tabIndex = 0;

    function show() {
      for (const { svg, data } of drawings) draw(svg, data, view);
    }
    function turn(yaw, pitch) {
      view.yaw += yaw;
      view.pitch = Math.min(Math.max(view.pitch + pitch, -1.5), 1.5);
      show();
    }

    const keys = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
    holder.addEventListener("keydown", (event) => {
      if (!(event.key in keys)) return;
      event.preventDefault();
      turn(...keys[event.key]);
    });
    holder.addEventListener("dblclick", () => {
      Object.assign(view, START);
      show();
    });
    for (const { svg } of drawings) {
      svg.addEventListener("pointerdown", (event) => svg.setPointerCapture(event.pointerId));
      svg.addEventListener("pointermove", (event) => {
        if (event.buttons) turn(-event.movementX / 120, event.movementY / 120);
      });
    }
    show();
  }

  document.querySelectorAll("[data-planes]").forEach(setUp);
})();
