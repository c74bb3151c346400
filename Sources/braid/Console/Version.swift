/// The version of Braid.
enum Version {
    static let number = "0.1"
    static let text = "braid \(number)"
}
