/// Finds what is called several times with the same parameters, such as the towers of a siamese network: all under one path of labels, once
/// for each use.
enum SharedTowers {
    /// Tells the steps of shared paths by the use that they belong to (`OutlineStep.tower`), where all of a path is used equally often.
    static func find(in steps: [OutlineStep]) {
        guard steps.contains(where: \.isShared) else { return }
        var counts: [String: Int] = [:]
        for step in steps where step.ownsParameters { counts[step.label.joined(separator: "."), default: 0] += 1 }
        // How often what owns parameters under each path is used; nil where that differs, or something is declared there.
        var uses: [String: Int?] = [:]
        for step in steps where step.ownsParameters || step.isDeclaration {
            let count = step.ownsParameters ? counts[step.label.joined(separator: ".")] : nil
            for length in 1..<max(1, step.label.count) {
                let path = step.label.prefix(length).joined(separator: ".")
                if let known = uses[path] { uses[path] = known == count ? known : .some(nil) } else { uses[path] = .some(count) }
            }
        }
        var towers: [String: [OutlineStep]] = [:]
        for step in steps {
            for length in 1..<max(1, step.label.count) {
                let path = step.label.prefix(length).joined(separator: ".")
                guard let count = uses[path] ?? nil, count > 1 else { continue }
                towers[path, default: []].append(step)
                break
            }
        }
        for (path, members) in towers { assign(members, length: path.split(separator: ".").count, count: (uses[path] ?? nil) ?? 0) }
    }

    /// The number of its use for each step of a path, if all uses have the same steps.
    private static func assign(_ members: [OutlineStep], length: Int, count: Int) {
        var seen: [String: Int] = [:]
        var numbers: [Int: Int] = [:]
        var sizes = [Int](repeating: 0, count: count)
        var found: [(step: OutlineStep, number: Int)] = []
        for step in members {
            var number: Int?
            if step.ownsParameters {
                let label = step.label.joined(separator: ".")
                number = seen[label, default: 0]
                seen[label, default: 0] += 1
            } else {
                number = step.inputs.compactMap { $0.wire.flatMap { numbers[$0] } }.max()
            }
            guard let number, number < count else { return }
            for case let wire? in step.results { numbers[wire] = number }
            sizes[number] += 1
            found.append((step, number))
        }
        guard Set(sizes).count == 1 else { return }
        for (step, number) in found { step.tower = OutlineStep.Tower(depth: length, number: number) }
    }

    /// What stands behind a part of a path to tell uses apart.
    static let mark: Character = "#"

    /// A path as labels have it, without the numbers of uses.
    static func label(of path: String) -> String {
        guard path.contains(mark) else { return path }
        return path.split(separator: ".").map { $0.prefix { $0 != mark } }.joined(separator: ".")
    }

    /// The parts of a step's path, its own excluded, with its use.
    static func path(of step: OutlineStep) -> [String] {
        var path = Array(step.label.dropLast())
        if let tower = step.tower, path.count >= tower.depth { path[tower.depth - 1] += "\(mark)\(tower.number)" }
        return path
    }
}
