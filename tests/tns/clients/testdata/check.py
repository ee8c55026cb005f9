import sys
import datetime
import oracledb

c = oracledb.connect(user="ggadmin", password=sys.argv[2], dsn=sys.argv[1] + "/orcl")
oracledb.defaults.fetch_decimals = True
cur = c.cursor()
cur.arraysize = 40


def told(row):
    out = []
    for v in row:
        if isinstance(v, oracledb.LOB):
            v = v.read()
            out.append("%d:%s" % (len(v), v[-1:] if isinstance(v, str) else v[-1:].hex()))
        elif isinstance(v, bytes):
            out.append(v.hex())
        elif isinstance(v, datetime.datetime):
            out.append(v.strftime("%Y-%m-%d %H:%M:%S.%f"))
        else:
            out.append("null" if v is None else str(v))
    return " ".join(out)


rows = cur.execute("SELECT * FROM scalars WHERE n > :n", n=-1).fetchall()
print("rows", len(rows))
for n in (0, 7, 8, 249):
    print(told(rows[n]))
rows = [told(r) for r in cur.execute("SELECT * FROM lobs")]
print("lobs", len(rows), rows[0], rows[1])
try:
    cur.execute("DELETE FROM missing")
except oracledb.DatabaseError as e:
    print("error", e.args[0].code)
try:
    cur.execute("SELECT * FROM broken").fetchall()
except oracledb.DatabaseError as e:
    print("error", e.args[0].code)
cur.execute("INSERT INTO t VALUES (:1, :2, :3, :4)", [-12.5, "Größe", None, b"\x01\xff"])
print("inserted", cur.rowcount)
c.commit()
cur.executemany("INSERT INTO t VALUES (:1, :2)", [(1, "a"), (2, None), (3, "ccc")])
print("inserted", cur.rowcount)
c.rollback()
text, number = cur.var(str, 50), cur.var(int)
cur.execute("BEGIN :a := 'x'; :b := 1; END;", a=text, b=number)
print("out", text.getvalue(), number.getvalue())
c.ping()
c.close()
