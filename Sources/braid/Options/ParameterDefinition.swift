import ArgumentParser

/// A `-D name=value`.
struct ParameterDefinition {
    let name: String
    let value: String

    init(_ text: String) throws {
        guard let (name, value) = text.splitAtEquals else {
            throw ValidationError("write -D name=value, such as -D classes=100")
        }
        (self.name, self.value) = (name, value)
    }
}

extension String {
    /// The parts before and after the first `=`, where both are not empty.
    var splitAtEquals: (String, String)? {
        guard let index = firstIndex(of: "="), index != startIndex, self.index(after: index) != endIndex else { return nil }
        return (String(self[..<index]), String(self[self.index(after: index)...]))
    }
}
