// Nodes of a graph without cycles in rows from top to bottom (Sugiyama, Tagawa and Toda 1981): rows by the longest way, an order in
// each row by barycentres, then columns that come as near to their neighbours as their order lets them.

const laneWidth = 12;
const columnGap = 22;
const rowGap = 30;

/**
 * nodes: [{width, height, row?: "first" | "last"}], edges: [{from, to, fromOffset, toOffset}], offsets from the middle of a node.
 * Returns {x, y, width, height, routes}: x the middle and y the top of each node, routes the points of each edge.
 */
function layeredLayout(nodes, edges) {
  const rows = rowsOf(nodes, edges);
  const graph = withLanes(nodes, edges, rows);
  const order = orderedRows(graph);
  const x = columns(graph, order);
  return placed(nodes, edges, graph, order, x);
}

function rowsOf(nodes, edges) {
  const out = nodes.map(() => []), waiting = nodes.map(() => 0);
  for (const edge of edges) {
    out[edge.from].push(edge.to);
    waiting[edge.to]++;
  }
  const row = nodes.map(() => 0);
  const ready = nodes.map((_, index) => index).filter((index) => waiting[index] === 0);
  const sequence = [];
  while (ready.length) {
    const node = ready.shift();
    sequence.push(node);
    for (const next of out[node]) {
      row[next] = Math.max(row[next], row[node] + 1);
      if (--waiting[next] === 0) ready.push(next);
    }
  }
  // What nothing comes before stands right above what reads it.
  const isRead = new Set(edges.map((edge) => edge.to));
  for (const node of sequence.reverse()) {
    if (!isRead.has(node) && out[node].length && nodes[node].row !== "first") row[node] = Math.min(...out[node].map((next) => row[next])) - 1;
  }
  const last = row.reduce((most, value) => Math.max(most, value), 0);
  nodes.forEach((node, index) => {
    if (node.row === "last") row[index] = Math.max(last, ...edges.filter((edge) => edge.to === index).map((edge) => row[edge.from] + 1));
  });
  return row;
}

/** More rows than that are passed by long edges in no network that people write, but in printed steps of training. */
const mostLanes = 20_000;

/** The longest edges that get lanes, in rows: all, or so many that a drawing stays possible; the others are drawn across. */
function longestWithLanes(edges, rows) {
  const spans = edges.map((edge) => rows[edge.to] - rows[edge.from]).sort((a, b) => a - b);
  let sum = 0;
  for (const span of spans) {
    sum += span - 1;
    if (sum > mostLanes) return span - 1;
  }
  return Infinity;
}

/** The nodes with one more for each row that an edge passes by. */
function withLanes(nodes, edges, rows) {
  const longest = longestWithLanes(edges, rows);
  const graph = { width: nodes.map((node) => node.width), row: [...rows], isLane: nodes.map(() => false), links: [], chains: [] };
  for (const edge of edges) {
    const chain = [edge.from];
    const isAcross = rows[edge.to] - rows[edge.from] > longest;
    for (let row = rows[edge.from] + 1; row < rows[edge.to] && !isAcross; row++) {
      chain.push(graph.width.length);
      graph.width.push(laneWidth);
      graph.row.push(row);
      graph.isLane.push(true);
    }
    chain.push(edge.to);
    graph.chains.push(chain);
    for (let index = 1; index < chain.length; index++) {
      graph.links.push({
        from: chain[index - 1], to: chain[index], fromOffset: index === 1 ? edge.fromOffset ?? 0 : 0,
        toOffset: index === chain.length - 1 ? edge.toOffset ?? 0 : 0,
      });
    }
  }
  graph.up = graph.width.map(() => []);
  graph.down = graph.width.map(() => []);
  for (const link of graph.links) {
    graph.down[link.from].push({ node: link.to, offset: link.toOffset - link.fromOffset, own: link.fromOffset, other: link.toOffset });
    graph.up[link.to].push({ node: link.from, offset: link.fromOffset - link.toOffset, own: link.toOffset, other: link.fromOffset });
  }
  return graph;
}

function orderedRows(graph) {
  const count = graph.row.reduce((most, row) => Math.max(most, row), 0) + 1;
  const rows = Array.from({ length: count }, () => []);
  // At first as a walk from the top meets the nodes, so that branches stay together.
  const seen = new Set();
  const visit = (start) => {
    const pending = [start];
    while (pending.length) {
      const node = pending.pop();
      if (seen.has(node)) continue;
      seen.add(node);
      rows[graph.row[node]].push(node);
      for (const link of [...graph.down[node]].reverse()) pending.push(link.node);
    }
  };
  graph.width.map((_, node) => node).sort((a, b) => graph.row[a] - graph.row[b]).forEach(visit);
  const place = new Array(graph.width.length);
  const number = (row) => row.forEach((node, index) => { place[node] = index; });
  rows.forEach(number);
  if (rows.every((row) => row.length === 1)) return rows;
  // Ports in wide blocks count by where they are.
  const at = (link) => place[link.node] + Math.max(-0.45, Math.min(0.45, link.other / (graph.width[link.node] || 1)));
  let best = rows.map((row) => [...row]), fewest = crossings(graph, rows, place);
  for (let sweep = 0; sweep < 12 && fewest > 0; sweep++) {
    const isDown = sweep % 2 === 0;
    const sequence = isDown ? rows.keys() : [...rows.keys()].reverse();
    for (const index of sequence) {
      const weight = new Map(rows[index].map((node) => {
        const links = isDown ? graph.up[node] : graph.down[node];
        return [node, links.length ? links.reduce((sum, link) => sum + at(link), 0) / links.length : place[node]];
      }));
      rows[index].sort((a, b) => weight.get(a) - weight.get(b) || place[a] - place[b]);
      number(rows[index]);
    }
    const found = crossings(graph, rows, place);
    if (found < fewest) [best, fewest] = [rows.map((row) => [...row]), found];
  }
  return best;
}

/** How many pairs of edges cross, from row to row. */
function crossings(graph, rows, place) {
  let sum = 0;
  for (const row of rows) {
    const ends = [];
    for (const node of row) {
      for (const link of graph.down[node]) ends.push([place[node] + link.own / (graph.width[node] * 2 || 1), place[link.node]]);
    }
    ends.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    sum += inversions(ends.map(([, end]) => end));
  }
  return sum;
}

/** How many pairs of numbers stand in the wrong order: a tree of counts by place (Fenwick 1994). */
function inversions(numbers) {
  const size = Math.max(0, ...numbers) + 2, counts = new Int32Array(size + 1);
  let sum = 0;
  numbers.forEach((number, index) => {
    let before = 0;
    for (let at = number + 1; at > 0; at -= at & -at) before += counts[at];
    sum += index - before;
    for (let at = number + 1; at <= size; at += at & -at) counts[at]++;
  });
  return sum;
}

/** The middles of all nodes. */
function columns(graph, rows) {
  const x = new Array(graph.width.length).fill(0);
  for (const row of rows) {
    let at = 0;
    for (const node of row) {
      x[node] = at + graph.width[node] / 2;
      at += graph.width[node] + columnGap;
    }
    const middle = (at - columnGap) / 2;
    for (const node of row) x[node] -= middle;
  }
  for (let sweep = 0; sweep < 16; sweep++) {
    const isDown = sweep % 2 === 0;
    const sequence = isDown ? rows : [...rows].reverse();
    for (const row of sequence) {
      const wanted = row.map((node) => {
        const links = isDown ? graph.up[node] : graph.down[node];
        const both = links.length ? links : [...graph.up[node], ...graph.down[node]];
        if (!both.length) return x[node];
        // Layers stand below each other; lines that pass by them follow, and are straight themselves.
        let sum = 0, all = 0;
        for (const link of both) {
          const weight = graph.isLane[link.node] ? graph.isLane[node] ? 8 : 0.05 : 1;
          sum += weight * (x[link.node] + link.offset);
          all += weight;
        }
        return sum / all;
      });
      // Lines make way for layers.
      const weights = row.map((node) => graph.isLane[node] ? 0.1 : 1);
      separated(row, wanted, weights, graph.width).forEach((value, index) => { x[row[index]] = value; });
    }
  }
  return x;
}

/**
 * The places nearest to those that are wanted, by least squares, that keep the order and the gaps: regression of a rising sequence, pooling
 * neighbours that violate it.
 */
function separated(row, wanted, weights, width) {
  const offsets = [0];
  for (let index = 1; index < row.length; index++) {
    offsets.push(offsets[index - 1] + (width[row[index - 1]] + width[row[index]]) / 2 + columnGap);
  }
  const pools = [];
  for (let index = 0; index < row.length; index++) {
    let pool = { sum: (wanted[index] - offsets[index]) * weights[index], weight: weights[index], count: 1 };
    while (pools.length && pools.at(-1).sum / pools.at(-1).weight > pool.sum / pool.weight) {
      const left = pools.pop();
      pool = { sum: left.sum + pool.sum, weight: left.weight + pool.weight, count: left.count + pool.count };
    }
    pools.push(pool);
  }
  const result = [];
  for (const pool of pools) for (let index = 0; index < pool.count; index++) result.push(pool.sum / pool.weight + offsets[result.length]);
  return result;
}

function placed(nodes, edges, graph, rows, x) {
  if (!nodes.length) return { x: [], y: [], width: 0, height: 0, routes: [] };
  const left = x.reduce((least, value, node) => Math.min(least, value - graph.width[node] / 2), Infinity);
  const right = x.reduce((most, value, node) => Math.max(most, value + graph.width[node] / 2), -Infinity);
  const heightOf = (node) => node < nodes.length ? nodes[node].height : 0;
  const tops = [], bottoms = [];
  let y = 0;
  rows.forEach((row, index) => {
    const height = Math.max(0, ...row.map(heightOf));
    // Many lines between two rows need room to be told apart.
    const bends = index === 0 ? 0 : row.reduce((sum, node) => sum + graph.up[node].filter((link) => Math.abs(x[link.node] + link.offset - x[node]) > 8).length, 0);
    if (index > 0) y += rowGap + Math.min(50, 3 * Math.max(0, bends - 2));
    tops.push(y);
    y += height;
    bottoms.push(y);
  });
  const top = (node) => tops[graph.row[node]] + (bottoms[graph.row[node]] - tops[graph.row[node]] - heightOf(node)) / 2;
  const routes = edges.map((edge, index) => {
    const chain = graph.chains[index];
    const points = [[x[edge.from] + (edge.fromOffset ?? 0) - left, top(edge.from) + heightOf(edge.from)]];
    for (const lane of chain.slice(1, -1)) {
      points.push([x[lane] - left, tops[graph.row[lane]]], [x[lane] - left, bottoms[graph.row[lane]]]);
    }
    points.push([x[edge.to] + (edge.toOffset ?? 0) - left, top(edge.to)]);
    return points;
  });
  return {
    x: nodes.map((_, node) => x[node] - left), y: nodes.map((_, node) => top(node)), width: right - left, height: y, routes,
  };
}
