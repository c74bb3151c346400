import Graph

/// Labels for what has none, so that what belongs together can become a block: a node between layers of one path belongs there, too; and
/// where no layer has a label, what lies between two places through which everything flows is a block.
struct ImpliedLabels {
    /// The path that each node without a label belongs to.
    private(set) var scopes: [Value: [String]] = [:]
    /// Whole labels of layers that have none.
    private(set) var labels: [Value: String] = [:]

    private let graph: Graph
    private let operations: [Value]
    private var users: [Value: [Value]] = [:]

    /// - Parameter label: the label that a node has, by itself or by its parameters.
    init(_ graph: Graph, label: (Value) -> String?) {
        self.graph = graph
        let isLive = graph.liveNodes
        operations = graph.values.filter { isLive[$0.index] && graph[$0].operation != nil && !(graph[$0].operation?.isSizeNumber ?? false) }
        for value in operations { for operand in Set(graph[value].operands) { users[operand, default: []].append(value) } }
        // What is said of precision goes by labels, which must not change.
        guard graph.precisions.isEmpty else { return }
        var known: [Value: [String]] = [:]
        var hasPaths = false
        for value in operations {
            guard let label = label(value) else { continue }
            known[value] = label.split(separator: ".").dropLast().map(String.init)
            hasPaths = hasPaths || known[value]?.isEmpty == false
        }
        if hasPaths {
            absorb(known)
        } else if known.isEmpty {
            labelRegions()
        }
    }

    // MARK: - Between layers of one path

    private mutating func absorb(_ known: [Value: [String]]) {
        var scopes = known
        let last = Set(graph.outputs.map(\.value))
        func common(_ paths: [[String]]) -> [String] {
            guard var result = paths.first else { return [] }
            for path in paths.dropFirst() { result = zip(result, path).prefix { $0 == $1 }.map(\.0) }
            return result
        }
        // What stands before the layers of a path, and takes what they take: the pooling of a branch.
        for value in operations.reversed() where scopes[value] == nil && !last.contains(value) {
            let paths = (users[value] ?? []).map { scopes[$0] }
            guard !paths.isEmpty, !paths.contains(nil) else { continue }
            var path = common(paths.compactMap(\.self))
            while !path.isEmpty {
                let takesInputs = graph[value].operands.allSatisfy { operand in
                    users[operand]?.contains { $0 != value && (scopes[$0]?.starts(with: path) == true || joins($0, path, scopes)) } == true
                }
                if takesInputs { break }
                path.removeLast()
            }
            if !path.isEmpty { scopes[value] = path }
        }
        // What stands behind a layer, and joins what comes of a path.
        for value in operations where scopes[value] == nil {
            let makers = graph[value].operands.filter { graph[$0].operation != nil }.sorted { $0 > $1 }
            guard let first = makers.first, var path = scopes[first] else { continue }
            for maker in makers.dropFirst() {
                let own = scopes[maker] ?? []
                // What flows into a block is not of it, though it is added at its end.
                let flowsIn =
                    users[maker]?.contains { user in user != value && scopes[user]?.starts(with: path) == true && !path.isEmpty } == true
                if !flowsIn { path = common([path, own]) }
            }
            scopes[value] = path
        }
        let added = scopes.filter { known[$0.key] == nil && !$0.value.isEmpty }
        self.scopes = added
        trimTails(known)
    }

    /// Whether a node without a label takes something that comes of a path through others without: the product of a gate.
    private func joins(_ value: Value, _ path: [String], _ scopes: [Value: [String]]) -> Bool {
        guard scopes[value] == nil, graph[value].operands.count > 1 else { return false }
        return graph[value].operands.contains { operand in
            var operand = operand
            for _ in 0..<8 where scopes[operand] == nil && graph[operand].operands.count == 1 { operand = graph[operand].operands[0] }
            return scopes[operand]?.starts(with: path) == true
        }
    }

    /// Behind a block's last layer stands what stands there in all blocks alike: after the last of them comes what is no part of it.
    private mutating func trimTails(_ known: [Value: [String]]) {
        var ends: [[String]: Value] = [:]
        for (value, path) in known {
            for count in 0...path.count {
                let front = Array(path.prefix(count))
                ends[front] = max(ends[front] ?? value, value)
            }
        }
        // Blocks are alike whose layers are, or the paths in them.
        var layers: [[String]: [String]] = [:]
        for value in operations { if let path = known[value] { layers[path, default: []].append(graph[value].operation?.name ?? "") } }
        var parts: [[String]: Set<String>] = [:]
        for path in ends.keys { if let last = path.last { parts[Array(path.dropLast()), default: []].insert(last) } }
        let paths = Dictionary(grouping: ends.keys.filter { !$0.isEmpty }, by: \.count)
        for (_, paths) in paths.sorted(by: { $0.key > $1.key }) {
            var tails: [[String]: [Value]] = [:]
            for value in operations {
                if let path = scopes[value], let end = ends[path], value > end { tails[path, default: []].append(value) }
            }
            let families = Dictionary(grouping: paths) { path in
                (layers[path] ?? []).joined(separator: " ") + " | " + (parts[path] ?? []).sorted().joined(separator: " ")
            }
            for paths in families.values {
                let names = paths.map { path in (tails[path] ?? []).map { graph[$0].operation?.name ?? "" } }
                // The last block may have more behind it, none less.
                let shortest = paths.count > 1 ? names.map(\.count).min() ?? 0 : 0
                var count = 0
                while count < shortest, names.allSatisfy({ $0[count] == names[0][count] }) { count += 1 }
                for path in paths {
                    for value in (tails[path] ?? []).dropFirst(count) { scopes[value] = path.count > 1 ? Array(path.dropLast()) : nil }
                }
            }
        }
    }

    // MARK: - Without labels

    private mutating func labelRegions() {
        let outputs = Set(graph.outputs.map(\.value))
        var alive: Set<Value> = Set(graph.values.filter { graph[$0].inputName != nil && users[$0] != nil })
        var rest = users.mapValues(\.count)
        // The steps between places where one value alone is alive.
        var segments: [[Value]] = [[]]
        for value in operations {
            segments[segments.count - 1].append(value)
            for operand in Set(graph[value].operands) {
                rest[operand, default: 1] -= 1
                if rest[operand] == 0 { alive.remove(operand) }
            }
            if (users[value]?.isEmpty == false) || outputs.contains(value) { alive.insert(value) }
            if alive.count == 1, alive.contains(value) { segments.append([]) }
        }
        let layers = Set(operations.filter(hasWeights))
        func isRegion(_ segment: [Value]) -> Bool {
            segment.count(where: layers.contains) >= 2 && segment.count <= max(40, operations.count / 3)
        }
        // What stands between all blocks alike, without weights, belongs to the one before.
        let regions = segments.indices.filter { isRegion(segments[$0]) }
        guard regions.count >= 2 else { return numberLayers(operations.filter(layers.contains), in: "") }
        var count = 0
        while true {
            let next = regions.dropLast().map { index -> String? in
                let place = index + 1 + count
                guard place < segments.count, segments[place].count == 1, let value = segments[place].first, !layers.contains(value) else {
                    return nil
                }
                return graph[value].operation?.name
            }
            guard let first = next.first, first != nil, next.allSatisfy({ $0 == first }), count < 8 else { break }
            count += 1
        }
        var number = 0
        var outside: [Value] = []
        var taken = 0
        for index in segments.indices {
            if isRegion(segments[index]) {
                number += 1
                taken = count
                numberLayers(segments[index].filter(layers.contains), in: "block\(number).")
                for value in segments[index] where !layers.contains(value) { scopes[value] = ["block\(number)"] }
            } else if taken > 0, segments[index].count == 1 {
                taken -= 1
                scopes[segments[index][0]] = ["block\(number)"]
            } else {
                outside += segments[index].filter(layers.contains)
            }
        }
        numberLayers(outside, in: "")
    }

    /// `conv1`, `conv2`, `fc`: each layer by what it is, with a number where there are several.
    private mutating func numberLayers(_ layers: [Value], in path: String) {
        var counts: [String: Int] = [:]
        for value in layers { counts[graph[value].operation?.name ?? "", default: 0] += 1 }
        var numbers: [String: Int] = [:]
        for value in layers {
            let name = graph[value].operation?.name ?? ""
            numbers[name, default: 0] += 1
            labels[value] = path + name + (counts[name] == 1 ? "" : "\(numbers[name] ?? 0)")
        }
    }

    private func hasWeights(_ value: Value) -> Bool {
        guard case .operation(let operation, let attributes) = graph[value].kind else { return false }
        let inputs = operation.presentInputs(attributes, count: graph[value].operands.count)
        return zip(inputs, graph[value].operands).contains { $0.0.role != .operand && graph[$0.1].parameter != nil }
    }
}
