import Graph

extension Diagram {
    /// - Parameter depth: the levels that are drawn; blocks at the last of them are boxes. All if nil.
    init(_ description: NetworkDescription, depth: Int? = nil) {
        var builder = DiagramBuilder(description, depth: depth ?? .max)
        self = builder.build()
    }
}

/// Makes the boxes and groups of a network.
private struct DiagramBuilder {
    /// What one box stands for.
    private struct Unit {
        var layers: [Int]
        /// The block that the box lies in.
        var block: Int
        /// The block that the box stands for, if it is one.
        var folded: Int?
    }

    private let description: NetworkDescription
    private let tree: BlockTree
    /// The block as which a layer is drawn, if it is not drawn itself.
    private var foldedBlock: [Int?]
    private var units: [Unit] = []
    private var unitOfLayer: [Int] = []

    init(_ description: NetworkDescription, depth: Int) {
        self.description = description
        tree = description.blocks
        foldedBlock = tree.blockOfLayer.map { [tree] block in
            var block = block
            guard tree.blocks[block].depth >= depth else { return nil }
            while tree.blocks[block].depth > depth { block = tree.blocks[block].parent! }
            return block
        }
    }

    mutating func build() -> Diagram {
        // A block that a path leaves and enters again cannot be one box.
        repeat { makeUnits() } while unfoldEntangled()
        var diagram = Diagram(name: Diagram.line(description.name, limit: 80), caption: caption)
        diagram.boxes = units.map(box)
        addTerminals(to: &diagram)
        addGroups(to: &diagram)
        removeNeedlessGroups(from: &diagram)
        diagram.dissolveEntangledGroups()
        label(&diagram)
        return diagram
    }

    private var caption: String {
        "\(Self.scaled(description.parameters)) parameters, \(Self.scaled(description.macs)) multiply-accumulates an image"
    }

    /// Three digits and a unit.
    static func scaled(_ value: Int) -> String {
        for (factor, prefix) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where Double(value) >= factor {
            let tenths = Int((Double(value) / factor * 10).rounded())
            return "\(tenths / 10)" + (tenths < 1000 ? ".\(tenths % 10)" : "") + " \(prefix)"
        }
        return "\(value)"
    }

    // MARK: - Boxes

    /// Gathers the layers of each box: a normalization, activation or view goes with what it reads if nothing else reads that.
    private mutating func makeUnits() {
        units = []
        unitOfLayer = []
        var unitOfBlock: [Int: Int] = [:]
        var userCount = [Int](repeating: 0, count: description.layers.count)
        for sources in description.operands {
            for case .layer(let layer) in Set(sources) { userCount[layer] += 1 }
        }
        for case .layer(let layer)? in description.outputs.map(\.source) { userCount[layer] += 1 }
        for layer in description.layers.indices {
            if let block = foldedBlock[layer] {
                let unit = unitOfBlock[block] ?? units.count
                if unit == units.count {
                    unitOfBlock[block] = unit
                    units.append(Unit(layers: [], block: tree.blocks[block].parent ?? 0, folded: block))
                }
                units[unit].layers.append(layer)
                unitOfLayer.append(unit)
            } else if let unit = producer(of: layer, userCount) {
                units[unit].block = tree.blockOfLayer[layer]
                units[unit].layers.append(layer)
                unitOfLayer.append(unit)
            } else {
                unitOfLayer.append(units.count)
                units.append(Unit(layers: [layer], block: tree.blockOfLayer[layer]))
            }
        }
    }

    /// The box that `layer` is a further line of.
    private func producer(of layer: Int, _ userCount: [Int]) -> Int? {
        guard [.normalization, .activation, .view].contains(description.layers[layer].kind) else { return nil }
        let sources = Set(description.operands[layer])
        guard sources.count == 1, case .layer(let source)? = sources.first, userCount[source] == 1 else { return nil }
        let unit = unitOfLayer[source]
        guard units[unit].folded == nil else { return nil }
        // A box that is all of a block can grow beyond it.
        var block = units[unit].block
        while block != tree.blockOfLayer[layer] {
            guard let parent = tree.blocks[block].parent, tree.blocks[block].layers.count == units[unit].layers.count else { return nil }
            block = parent
        }
        return unit
    }

    /// Unfolds blocks whose boxes would read themselves through others; false if there are none.
    private mutating func unfoldEntangled() -> Bool {
        guard foldedBlock.contains(where: { $0 != nil }) else { return false }
        var arcs: Set<Diagram.Edge> = []
        for (layer, sources) in description.operands.enumerated() {
            for case .layer(let source) in sources where unitOfLayer[source] != unitOfLayer[layer] {
                arcs.insert(Diagram.Edge(from: unitOfLayer[source], to: unitOfLayer[layer]))
            }
        }
        let entangled = Set(Diagram.onCycles(arcs).compactMap { units[$0].folded })
        for layer in foldedBlock.indices {
            guard let block = foldedBlock[layer], entangled.contains(block) else { continue }
            var inner = tree.blockOfLayer[layer]
            if inner == block {
                foldedBlock[layer] = nil
            } else {
                while tree.blocks[inner].parent != block { inner = tree.blocks[inner].parent! }
                foldedBlock[layer] = inner
            }
        }
        return !entangled.isEmpty
    }

    private func box(_ unit: Unit) -> Diagram.Box {
        let layers = unit.layers.map { description.layers[$0] }
        if let folded = unit.folded {
            let block = tree.blocks[folded]
            let title = Diagram.line(block.name ?? tree.title(block.label, in: unit.block))
            let facts = "\(layers.count) layers" + (block.parameters > 0 ? ", \(Self.scaled(block.parameters)) parameters" : "")
            return Diagram.Box(
                strips: [Diagram.Strip(text: title, kind: .block), Diagram.Strip(text: facts, kind: .block)], label: block.label,
                shape: block.type.map { Self.text($0.shape) } ?? "", hover: "\(Diagram.line(block.label, limit: 200)): \(facts)",
                group: unit.block)
        }
        let strips = zip(layers.indices, zip(unit.layers, layers)).map { index, layer in
            Diagram.Strip(
                text: Diagram.line(index == 0 ? layer.1.summary : layer.1.operation), kind: Diagram.Kind(layer.1.kind), layer: layer.0)
        }
        let hover = layers.map { layer in
            var line =
                (layer.label.isEmpty ? "" : Diagram.line(layer.label, limit: 200) + ": ") + Diagram.line(layer.summary) + ", \(layer.type)"
            if layer.parameters > 0 { line += ", \(Self.scaled(layer.parameters)) parameters" }
            if layer.macs > 0 { line += ", \(Self.scaled(layer.macs)) multiply-accumulates" }
            return line
        }
        return Diagram.Box(
            strips: strips, label: label(of: unit),
            shape: Self.text(layers[layers.count - 1].type.shape), hover: hover.joined(separator: "\n"), group: unit.block)
    }

    /// The label of the block that the box is all of, else that of its first layer that its author labelled.
    private func label(of unit: Unit) -> String {
        var block = tree.blockOfLayer[unit.layers[0]]
        if block > 0, tree.blocks[block].layers.allSatisfy(unit.layers.contains) {
            while let parent = tree.blocks[block].parent, parent > 0, tree.blocks[parent].layers.allSatisfy(unit.layers.contains) {
                block = parent
            }
            return tree.blocks[block].label
        }
        let labelled = unit.layers.map { description.layers[$0] }.first { layer in
            // A layer in a block that its author gave no label has its operator's name; those with parameters always have one.
            !layer.label.isEmpty && (layer.parameters > 0 || layer.label.split(separator: ".").last.map(String.init) != layer.operation)
        }
        return labelled?.label ?? ""
    }

    private static func text(_ shape: Shape) -> String {
        Diagram.line(shape.dimensions.map(\.description).joined(separator: "×"))
    }

    /// Adds the inputs and outputs, and all edges.
    private func addTerminals(to diagram: inout Diagram) {
        let firstInput = diagram.boxes.count
        func add(_ name: String, _ type: TensorType, _ kind: Diagram.Kind) {
            diagram.boxes.append(
                Diagram.Box(
                    strips: [Diagram.Strip(text: Diagram.line(name), kind: kind)], label: "", shape: Self.text(type.shape),
                    hover: "\(kind.rawValue) \(Diagram.line(name, limit: 200)), \(type)", group: 0))
        }
        for (name, type) in description.inputs { add(name, type, .input) }
        let firstOutput = diagram.boxes.count
        for (name, type, _) in description.outputs { add(name, type, .output) }
        func number(_ source: NetworkDescription.Source) -> Int {
            switch source {
            case .input(let input): firstInput + input
            case .layer(let layer): unitOfLayer[layer]
            }
        }
        var known: Set<Diagram.Edge> = []
        func connect(_ source: NetworkDescription.Source, _ to: Int) {
            let edge = Diagram.Edge(from: number(source), to: to)
            guard edge.from != to, known.insert(edge).inserted else { return }
            diagram.edges.append(edge)
            diagram.boxes[to].inputCount += 1
        }
        for (layer, sources) in description.operands.enumerated() {
            for source in sources { connect(source, unitOfLayer[layer]) }
        }
        for (index, output) in description.outputs.enumerated() {
            if let source = output.source { connect(source, firstOutput + index) }
        }
    }

    // MARK: - Groups

    private func addGroups(to diagram: inout Diagram) {
        diagram.groups = tree.blocks.map { Diagram.Group(title: $0.label, label: $0.label, parent: $0.parent, depth: $0.depth) }
        var isListed = Set([0])
        func list(_ child: Diagram.Child, in group: Int) {
            diagram.groups[group].children.append(child)
            if isListed.insert(group).inserted, let parent = diagram.groups[group].parent { list(.group(group), in: parent) }
        }
        for (index, box) in diagram.boxes.enumerated() where box.kind == .input { list(.box(index), in: 0) }
        for (index, box) in diagram.boxes.enumerated() where box.kind != .input { list(.box(index), in: box.group) }
    }

    /// Groups without boxes, around a single thing, or around a mere branch between a fork and a join, show nothing.
    private func removeNeedlessGroups(from diagram: inout Diagram) {
        var (readers, sources) = ([Int: [Int]](), [Int: [Int]]())
        for edge in diagram.edges {
            readers[edge.from, default: []].append(edge.to)
            sources[edge.to, default: []].append(edge.from)
        }
        func isBranch(_ boxes: [Int]) -> Bool {
            for (box, next) in zip(boxes, boxes.dropFirst()) where readers[box] != [next] || sources[next] != [box] { return false }
            guard let first = sources[boxes[0]], first.count == 1, let last = readers[boxes[boxes.count - 1]] else { return false }
            return readers[first[0]]!.count > 1 || last.count == 1 && sources[last[0]]!.count > 1
        }
        var removed: Set<Int> = []
        /// What is left in a group when those within it are removed; nil if there are groups among it.
        var content = [[Int]?](repeating: [], count: diagram.groups.count)
        var count = [Int](repeating: 0, count: diagram.groups.count)
        for index in diagram.groups.indices.reversed() {
            for child in diagram.groups[index].children {
                switch child {
                case .box(let box):
                    content[index]?.append(box)
                    count[index] += 1
                case .group(let group) where removed.contains(group):
                    if let inner = content[group] { content[index]? += inner } else { content[index] = nil }
                    count[index] += count[group]
                case .group:
                    content[index] = nil
                    count[index] += 1
                }
            }
            guard let parent = diagram.groups[index].parent else { continue }
            if count[index] <= 1 || parent != 0 && content[index].map(isBranch) ?? false { removed.insert(index) }
        }
        // Titles say what the group around does not; what is removed is said by what was in it.
        for index in diagram.groups.indices.dropFirst() where !removed.contains(index) {
            var parent = diagram.groups[index].parent!
            while removed.contains(parent) { parent = diagram.groups[parent].parent! }
            let title = tree.title(tree.blocks[index].label, in: parent)
            diagram.groups[index].title = Diagram.line(title) + (tree.blocks[index].name.map { "  " + Diagram.line($0) } ?? "")
        }
        for index in diagram.boxes.indices {
            var home = diagram.boxes[index].group
            while removed.contains(home) { home = diagram.groups[home].parent! }
            diagram.boxes[index].label = tree.title(diagram.boxes[index].label, in: home)
        }
        diagram.remove(removed)
    }

    private func label(_ diagram: inout Diagram) {
        for index in diagram.boxes.indices { diagram.boxes[index].label = Diagram.line(diagram.boxes[index].label, limit: 32) }
    }
}
