package lookup

// OfSQLite is the statement for SQLite.
const OfSQLite = ofSQLite

// Exec runs a statement on a connection of the table.
func (t *Table) Exec(statement string) error {
	_, err := t.db.Exec(statement)
	return err
}
