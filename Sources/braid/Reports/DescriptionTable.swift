import Analysis
import Compiler
import Graph
import Source

/// A network as a table: a row a layer, indented below the rows of its blocks, and totals.
struct DescriptionTable {
    /// The rows that are shown when nobody asked for a depth.
    private static let comfortableRows = 60

    private let description: NetworkDescription
    private let depth: Int
    private let isFoldedByItself: Bool
    private let deepest: Int

    init(_ description: NetworkDescription, depth: Int?) {
        self.description = description
        let tree = description.blocks
        var rows = [0]
        for block in tree.blocks {
            if rows.count <= block.depth + 1 { rows.append(0) }
            rows[block.depth + 1] += block.children.count
        }
        deepest = rows.count - 1
        var fitting = 0
        var total = 0
        while fitting < deepest, total + rows[fitting + 1] <= Self.comfortableRows {
            fitting += 1
            total += rows[fitting]
        }
        self.depth = depth ?? max(1, fitting)
        isFoldedByItself = depth == nil && self.depth < deepest
    }

    func show() {
        printHead()
        let narrow: [(String, Table.Alignment)] = description.isNarrow ? [("factors", .left), ("stored", .left)] : []
        var table = Table(
            [("layer", .left), ("operator", .left), ("output", .left)] + narrow
                + [("parameters", .right), ("MACs", .right), ("bytes", .right), ("field", .right)])
        add(0, to: &table)
        table.addRule()
        table.add(
            ["\(description.layers.count) layers", "", ""] + precision(nil)
                + [
                    Format.grouped(description.parameters), Self.scaled(description.macs), Format.bytes(description.activationBytes), "",
                ])
        print(table.text, terminator: "")
        if isFoldedByItself {
            print("\nBlocks are summed up from level \(depth) on; --depth \(deepest) shows every layer.")
        }
        printShares()
        print(
            "\n\(Format.grouped(description.parameters)) parameters (\(Format.bytes(description.parameterBytes))), "
                + "\(Format.grouped(description.macs)) MACs (\(Format.scaled(Double(description.macs)))) an image")
        guard !description.sizes.isEmpty else { return }
        let sizes = description.sizes.sorted { $0.key < $1.key }
        print(
            "MACs and bytes are those at \(sizes.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")); "
                + "others with \(sizes.map { "-D \($0.key)=…" }.joined(separator: " "))")
    }

    private func printHead() {
        print(Console.bold(Format.line(description.name)))
        if !description.documentation.isEmpty { print(DisplayText.sanitized(description.documentation)) }
        for (name, type) in description.inputs { printValue("input ", name, type) }
        for constraint in description.constraints { print("          \(Format.line("where \(constraint)"))") }
        for (name, type, _) in description.outputs { printValue("output", name, type) }
        print()
    }

    private func printValue(_ kind: String, _ name: String, _ type: TensorType) {
        print("  \(kind)  \(Format.line("\(name): \(type)"))")
        for line in (description.interfaceDocumentation[name] ?? "").split(whereSeparator: \.isNewline) {
            print("          " + DisplayText.sanitized(String(line)))
        }
    }

    private func add(_ index: Int, to table: inout Table) {
        let tree = description.blocks
        let around = tree.blocks[index]
        let margin = String(repeating: "  ", count: around.depth)
        for child in around.children {
            switch child {
            case .layer(let number):
                let layer = description.layers[number]
                table.add(
                    [margin + Format.line(tree.title(layer.label, in: index)), Format.line(layer.summary), Format.line("\(layer.type)")]
                        + precision(layer.precision)
                        + [
                            layer.parameters > 0 ? Format.grouped(layer.parameters) : "", layer.macs > 0 ? Self.scaled(layer.macs) : "",
                            Format.bytes(layer.activationBytes), layer.receptiveField.map(Self.text) ?? "",
                        ])
            case .block(let number):
                let block = tree.blocks[number]
                let isFolded = block.depth >= depth
                let count = isFolded ? "\(block.layers.count) layers" : ""
                let field = isFolded ? block.layers.last.flatMap { description.layers[$0].receptiveField } : nil
                table.add(
                    [
                        margin + Format.line(tree.title(block.label, in: index)),
                        [block.name ?? "", count].filter { !$0.isEmpty }.joined(separator: ", "),
                        block.type.map { Format.line("\($0)") } ?? "",
                    ] + precision(nil)
                        + [
                            Format.grouped(block.parameters), Self.scaled(block.macs), Format.bytes(block.activationBytes),
                            field.map(Self.text) ?? "",
                        ])
                if !isFolded { add(number, to: &table) }
            }
        }
    }

    /// The cells of what a layer multiplies and is stored as; none where all is f32.
    private func precision(_ precision: LayerPrecision?) -> [String] {
        description.isNarrow ? [precision?.factors, precision?.stored].map { $0?.rawValue ?? "" } : []
    }

    /// Which part of the work and of the parameters each block, or layer with work of its own, has: at the top, or within the block
    /// that has nearly all.
    private func printShares() {
        let tree = description.blocks
        var around = tree.root
        while let heavy = around.children.lazy.compactMap({ if case .block(let block) = $0 { tree.blocks[block] } else { nil } })
            .first(where: { Double($0.macs) > 0.9 * Double(description.macs) })
        {
            around = heavy
        }
        let parts = around.children.compactMap { child -> (label: String, macs: Int, parameters: Int)? in
            switch child {
            case .block(let block): return (tree.blocks[block].label, tree.blocks[block].macs, tree.blocks[block].parameters)
            case .layer(let layer):
                let layer = description.layers[layer]
                return layer.macs > 0 ? (layer.label.isEmpty ? layer.operation : layer.label, layer.macs, layer.parameters) : nil
            }
        }
        guard tree.blocks.count > 2, (2...Self.comfortableRows).contains(parts.count), description.macs > 0, description.parameters > 0
        else { return }
        var table = Table(("share of", .left), ("MACs", .right), ("", .left), ("parameters", .right), ("", .left))
        // The longest bar is the largest share.
        let mostWork = Double(max(1, parts.map(\.macs).max() ?? 1)) / Double(description.macs)
        let mostParameters = Double(max(1, parts.map(\.parameters).max() ?? 1)) / Double(description.parameters)
        for (label, macs, parameters) in parts {
            let work = Double(macs) / Double(description.macs)
            let size = Double(parameters) / Double(description.parameters)
            table.add(
                Format.line(label), Format.percent(work, 1), Chart.bar(work / mostWork, width: 24), Format.percent(size, 1),
                Chart.bar(size / mostParameters, width: 24))
        }
        print()
        print(table.text, terminator: "")
    }

    private static func scaled(_ macs: Int) -> String { Format.scaled(Double(macs)) }

    private static func text(_ field: ReceptiveField) -> String {
        let pixels = field.extents.map { extent in extent.map { "\(Int($0.size.rounded(.up)))" } ?? "whole" }
        return Set(pixels).count == 1 ? pixels[0] : pixels.joined(separator: "x")
    }
}
