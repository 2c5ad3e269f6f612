import sys, time, tempfile
from pathlib import Path
from hdh_portal.devstack.stack import Stack
from tests.support.portal import Portal
from tests.faults import campaign
t=time.time()
stack=Stack(Path(tempfile.mkdtemp(prefix="hdhf"))/"var")
try:
    with stack:
        print("start",time.time()-t); t=time.time()
        p=Portal(stack)
        for seed in map(int, sys.argv[1:]):
            r=campaign.run(p,name="try",seconds=30,pause=4,seed=seed)
            print("TOOK",time.time()-t)
            for v in r.violations: print("V", v)
finally:
    stack.wipe()
