/// The dictionary of tensors in what a file of PyTorch holds: the whole, or a part of a checkpoint.
struct PyTorchStateDict {
    /// The tensors by name, in the order of the dictionary, with their numbers in the pickle.
    let tensors: [(name: String, number: Int32)]
    /// The keys under which the dictionary stands, such as `state_dict`; nil where it is the whole. `*` where several were taken together.
    let found: String?

    /// Under what trainers keep the weights, the likeliest first.
    private static let usualKeys = [
        "state_dict", "model_state_dict", "model_state", "model", "state", "net", "network", "weights", "params", "module",
    ]
    private static let deepest = 8
    private static let longestKey = 4096
    private static let repair = "save the weights alone: \(PyTorchPickleReader.saving)"

    init(_ pickle: PyTorchPickle, path: String, fileSize: Int) throws(InterchangeError) {
        var collector = Collector(pickle: pickle, path: path, mostBytes: 16 * fileSize + 1 << 20)
        var (place, keys): (PyTorchPickle.Reference, [String]) = (pickle.root, [])
        guard pickle.dictionary(place) != nil else {
            throw InterchangeError(path, "the file holds \(pickle.kind(place)), not a dictionary of tensors by name", repair: Self.repair)
        }
        while keys.count < Self.deepest {
            let nested = collector.nested(place)
            // A usual key counts even beside tensors, which a checkpoint may have of its own, such as the best accuracy.
            let usual = Self.usualKeys.lazy.compactMap { key in nested.first { $0.key == key } }.first
            if let next = usual ?? (nested.count == 1 && !collector.hasTensors(place) ? nested[0] : nil) {
                keys.append(next.key)
                place = next.value
                continue
            }
            break
        }
        if collector.hasTensors(place) {
            try collector.take(place, prefix: "")
        } else {
            for (key, value) in collector.nested(place) { try collector.takeAll(value, prefix: key + ".", depth: 1) }
            if !collector.tensors.isEmpty { keys.append("*") }
        }
        guard !collector.tensors.isEmpty else {
            throw InterchangeError(path, "the file holds no tensors by name", repair: Self.repair)
        }
        tensors = collector.tensors
        found = keys.isEmpty ? nil : keys.joined(separator: ".")
    }

    /// Goes through dictionaries, each of them once.
    private struct Collector {
        let pickle: PyTorchPickle
        let path: String
        /// How many bytes all names may have: a few bytes of a pickle must not stand for many names.
        let mostBytes: Int
        private var bytes = 0
        private(set) var tensors: [(name: String, number: Int32)] = []
        private var indices: [String: Int] = [:]
        private var visited: Set<PyTorchPickle.Reference> = []

        /// Of every dictionary, whether it has tensors, or leads to one that has: found once for all, however often they hold each other.
        private let leads: [Bool]

        init(pickle: PyTorchPickle, path: String, mostBytes: Int) {
            (self.pickle, self.path, self.mostBytes) = (pickle, path, mostBytes)
            var leads = pickle.dictionaries.map { $0.contains { if case .tensor = pickle[$0.value] { true } else { false } } }
            var holders: [Int32: [Int32]] = [:]
            for (holder, pairs) in pickle.dictionaries.enumerated() {
                for pair in pairs {
                    if case .dictionary(let held) = pickle[pair.value] { holders[held, default: []].append(Int32(holder)) }
                }
            }
            var open = leads.indices.filter { leads[$0] }.map(Int32.init)
            while let next = open.popLast() {
                for holder in holders[next] ?? [] where !leads[Int(holder)] {
                    leads[Int(holder)] = true
                    open.append(holder)
                }
            }
            self.leads = leads
        }

        /// The dictionaries in a dictionary that have tensors, or lead to some that do.
        func nested(_ place: PyTorchPickle.Reference) -> [(key: String, value: PyTorchPickle.Reference)] {
            (pickle.dictionary(place) ?? []).compactMap { key, value in
                guard case .dictionary(let number) = pickle[value], leads[Int(number)], let key = name(key) else { return nil }
                return (key, value)
            }
        }

        func hasTensors(_ place: PyTorchPickle.Reference) -> Bool {
            (pickle.dictionary(place) ?? []).contains { if case .tensor = pickle[$0.value] { name($0.key) != nil } else { false } }
        }

        /// A key as a part of a name: a text, or a number in digits.
        private func name(_ key: PyTorchPickle.Reference) -> String? {
            switch pickle[key] {
            case .text(_, let count): count <= PyTorchStateDict.longestKey ? pickle.text(key) : nil
            case .integer(let number): "\(number)"
            default: nil
            }
        }

        /// Takes the tensors of a dictionary.
        mutating func take(_ place: PyTorchPickle.Reference, prefix: String) throws(InterchangeError) {
            for (key, value) in pickle.dictionary(place) ?? [] {
                guard case .tensor(let number) = pickle[value], let key = name(key) else { continue }
                let name = prefix + key
                bytes += name.utf8.count
                if bytes > mostBytes {
                    throw InterchangeError(path, "the names of the tensors are longer than the file", repair: PyTorchStateDict.repair)
                }
                if let index = indices[name] {
                    tensors[index].number = number
                } else {
                    indices[name] = tensors.count
                    tensors.append((name, number))
                }
            }
        }

        /// Takes the tensors of a dictionary and of those in it, under names with dots.
        mutating func takeAll(_ place: PyTorchPickle.Reference, prefix: String, depth: Int) throws(InterchangeError) {
            guard depth <= PyTorchStateDict.deepest, visited.insert(place).inserted else { return }
            bytes += prefix.utf8.count
            try take(place, prefix: prefix)
            for (key, value) in nested(place) where !visited.contains(value) {
                try takeAll(value, prefix: prefix + key + ".", depth: depth + 1)
            }
        }
    }
}
